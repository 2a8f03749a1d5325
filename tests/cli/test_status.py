"""`trainwatch status`: exit codes and the document that scripts rely on."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Answer, Run, Sample

KEYS = {
    "schema", "run", "status", "health", "progress", "eta_seconds", "elapsed_seconds", "epoch",
    "total_epochs", "step", "total_steps", "metrics", "ranks", "alerts", "unparsed_lines", "lines",
    "bytes",
}  # fmt: skip
RANK_KEYS = {
    "rank", "state", "phase", "epoch", "step", "silent_seconds", "pid", "host", "last",
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "status", "health", "code"),
    [
        ("finished", "completed", "ok", 0),
        ("demo", "completed", "ok", 0),
        ("resumed", "completed", "ok", 0),
        ("chinese", "completed", "ok", 0),
        ("no_timestamps", "completed", "ok", 0),
        ("info_only", "completed", "ok", 0),
        ("healthy_4ranks", "unknown", "ok", 1),
        ("hang_train_to_validation", "unknown", "ok", 1),
        ("silent_rank", "unknown", "ok", 1),
        ("stuck_checkpoint", "stalled", "critical", 1),
        ("nan", "completed", "critical", 1),
        ("oom", "failed", "critical", 1),
    ],
)
def test_recorded_cases(
    trainwatch: Run, sample: Sample, case: str, status: str, health: str, code: int
) -> None:
    answer = trainwatch("status", sample(case), "--json")
    document = answer.document
    assert (document["status"], document["health"], answer.code) == (status, health, code)
    assert set(document) == KEYS
    assert all(set(rank) == RANK_KEYS for rank in document["ranks"])
    assert document["schema"] == 1
    assert answer.err == ""


@pytest.mark.parametrize("case", ["hang_train_to_validation", "silent_rank"])
def test_with_a_moment_given_silence_is_a_finding(
    trainwatch: Run, sample: Sample, case: str
) -> None:
    answer = trainwatch("status", sample(case), "--json", "--now", "2030-01-01T00:00:00")
    assert answer.document["status"] == "stalled"
    assert [alert["rule"] for alert in answer.document["alerts"]] == ["hang"]


def test_every_alert_cites_a_line_that_stands_there(trainwatch: Run, sample: Sample) -> None:
    for case in ("nan", "oom", "stuck_checkpoint"):
        logs = sample(case)
        alerts = trainwatch("status", logs, "--json").document["alerts"]
        assert alerts
        for proof in (proof for alert in alerts for proof in alert["evidence"]):
            lines = (logs / proof["file"]).read_text(encoding="utf-8").split("\n")
            assert proof["text"] == lines[proof["line"] - 1][:500]


def test_nan_is_a_string_in_json(trainwatch: Run, sample: Sample) -> None:
    metrics = trainwatch("status", sample("nan"), "--json").document["metrics"]
    assert metrics["loss"]["last"] == "nan"
    assert isinstance(metrics["loss"]["mean"], float)


def test_rank_selection(trainwatch: Run, sample: Sample) -> None:
    answer = trainwatch("status", sample("healthy_4ranks"), "--json", "--rank", "0,2-3")
    assert [rank["rank"] for rank in answer.document["ranks"]] == [0, 2, 3]


def test_words_for_people_lead_with_the_verdict(trainwatch: Run, sample: Sample) -> None:
    answer = trainwatch("status", sample("oom"))
    assert answer.out.startswith("FAILED")
    assert "rank 1: out of memory" in answer.out
    assert "console.log:" in answer.out


def test_forced_dialect(trainwatch: Run, sample: Sample) -> None:
    answer = trainwatch("status", sample("finished"), "--dialect", "autoencoder", "--json")
    assert answer.document["total_epochs"] is None  # only the other dialect states it
    assert trainwatch("status", "finished", "--dialect", "nonsense").code == 2


def test_thresholds_come_from_the_configuration(
    trainwatch: Run, sample: Sample, tmp_path: Path
) -> None:
    (tmp_path / "trainwatch.toml").write_text("[health]\nloss_growth = 1.01\n")
    rules = {a["rule"] for a in trainwatch("status", sample("demo"), "--json").document["alerts"]}
    assert rules == {"loss_explosion"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[health]\nloss_grwth = 3\n", "unknown key health.loss_grwth"),
        ("[helth]\n", "unknown table [helth]"),
        ("[stall]\nfactor = 'x'\n", "stall.factor = 'x' must be a number"),
        ("stall = 3\n", "write [stall] above its keys"),
        ("[stall\n", "line 1"),
    ],
)
def test_wrong_configuration(
    trainwatch: Run, sample: Sample, tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    answer = trainwatch("status", sample("demo"), "--config", tmp_path / "mine.toml")
    assert answer.code == 2
    assert "mine.toml" in answer.err
    assert says in answer.err
    assert answer.err.count("\n") == 1


class TestNothingToRead:
    """One clear sentence on stderr, exit code 3, nothing on stdout."""

    def check(self, answer: Answer, *words: str) -> None:
        assert answer.code == 3
        assert answer.out == ""
        assert answer.err.startswith("trainwatch: ")
        assert answer.err.count("\n") == 1
        assert all(word in answer.err for word in words)

    def test_no_such_path(self, trainwatch: Run) -> None:
        self.check(trainwatch("status", "nowhere"), "nowhere", "does not exist")

    def test_no_match_for_a_glob(self, trainwatch: Run) -> None:
        self.check(trainwatch("status", "*.log"), "*.log")

    def test_empty_directory(self, trainwatch: Run, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        self.check(trainwatch("status", "empty"), "empty")

    def test_directory_without_a_training(self, trainwatch: Run, tmp_path: Path) -> None:
        logs = tmp_path / "logs"
        logs.mkdir()
        (logs / "server.log").write_text("GET /index.html 200\n" * 20)
        self.check(trainwatch("status", "logs"), "server.log", "20 lines")

    def test_binary_data(self, trainwatch: Run, tmp_path: Path) -> None:
        (tmp_path / "weights.log").write_bytes(bytes(range(256)) * 500)
        self.check(trainwatch("status", "weights.log"))

    def test_no_path_and_no_run(self, trainwatch: Run) -> None:
        self.check(trainwatch("status"), "no run is known here")


def test_odd_bytes_are_counted_and_harmless(trainwatch: Run, tmp_path: Path) -> None:
    noise = b"\x00\xff\xfe\x1b[2Jmarkup [/x] \xc3\n" * 50
    steps = b"".join(b"[DEBUG] [Rank 0] Training step %d, loss=0.5\n" % i for i in range(30))
    (tmp_path / "debug_rank0.log").write_bytes(noise + steps + noise + b"x" * 3_000_000)
    answer = trainwatch("status", "debug_rank0.log", "--json")
    assert answer.document["metrics"]["loss"]["count"] == 30
    assert answer.document["unparsed_lines"] == 101
    assert json.loads(answer.out)["ranks"][0]["step"] == 29
    assert "\x1b" not in trainwatch("status", "debug_rank0.log").out


def test_a_torn_last_line_is_no_record(trainwatch: Run, tmp_path: Path) -> None:
    whole = b"[DEBUG] [Rank 0] Training step 0, loss=0.0716\n"
    (tmp_path / "debug_rank0.log").write_bytes(
        whole + b"[DEBUG] [Rank 0] Training step 1, loss=0.071"
    )
    loss = trainwatch("status", "debug_rank0.log", "--json").document["metrics"]["loss"]
    assert (loss["count"], loss["last"]) == (1, 0.0716)
