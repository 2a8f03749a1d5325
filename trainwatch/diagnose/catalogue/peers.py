"""Peers: one that is frozen, one that is gone, and what the others print of it."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Verdict
from trainwatch.diagnose.signature import Blame, Signature, Standing

HEARTBEAT = Signature(
    name="nccl_heartbeat",
    numbers=(22,),
    hints=(
        b"watchdog got stuck",
        b"Heartbeat monitor timed out",
        b"no heartbeat of its watchdog",
        b"watchdog hang",
    ),
    pattern=re.compile(
        rb"watchdog got stuck for (?P<stuck>\d{1,9}) seconds|Heartbeat monitor timed out"
        rb"|detected no heartbeat of its watchdog|due to ProcessGroupNCCL watchdog hang"
    ),
    standing=Standing.TIMEOUT,
    blame=Blame.WRITER,
    category=Category.HOST_FREEZE,
    verdict=Verdict.HANG,
    words="{who} was frozen: not even its watchdog thread could move",
    refute="if the rank went on working, and only the heartbeat's time limit is too short",
    advice=(
        "look for a thread that holds the GIL inside a C call, and for a file system that hangs",
        "where all ranks froze at once, suspect the storage that they share",
    ),
    missing=("py-spy dump --native of that rank while it is frozen",),
    samples=(
        (
            "[PG 0 Rank 1] Heartbeat monitor timed out! Process will be terminated after dumping "
            "debug info. workMetaList_.size()=103"
        ),
        (
            "[PG 0 Rank 1] ProcessGroupNCCL's watchdog got stuck for 600 seconds without making "
            "progress in monitoring enqueued collectives."
        ),
    ),
    benign=("TORCH_NCCL_HEARTBEAT_TIMEOUT_SEC is set to 600",),
)

ABORTED = Signature(
    name="nccl_aborted",
    numbers=(18,),
    hints=(b"NCCL communicator was aborted", b"NCCL operations have failed", b"entire process dow"),
    pattern=re.compile(
        rb"NCCL communicator was aborted|Some NCCL operations have failed or timed out"
        rb"|taking the entire process down"
    ),
    standing=Standing.ECHO,
    blame=Blame.PEER,
    category=Category.PEER_LOST,
    phase=DiagnosedPhase.COLLECTIVE,
    confidence=Confidence.POSSIBLE,
    words="{who} made a collective fail",
    refute="if an earlier error of another rank is found",
    advice=("look for an earlier error, also in the logs of the other nodes",),
    samples=(
        "torch.distributed.DistBackendError: NCCL communicator was aborted on rank 0.",
        (
            "[Rank 4] Some NCCL operations have failed or timed out. Due to the asynchronous nature "
            "of CUDA kernels, subsequent GPU operations might run on corrupted/incomplete data."
        ),
        "[Rank 4] To avoid data inconsistency, we are taking the entire process down.",
    ),
)

PEER_LOST = Signature(
    name="peer_lost",
    numbers=(18,),
    hints=(
        b"ncclRemoteError",
        b"losed by peer",
        b"reset by peer",
        b"remote peer",
        b"remote process exited",
        b"socketProgress",
        b"pair closure",
        b"got 0 bytes",
        b"Broken pipe",
    ),
    pattern=re.compile(
        rb"ncclRemoteError\b|remote process exited or there was a network error"
        rb"|[Cc]onnection closed by (?:remote )?peer|Connection reset by peer"
        rb"|socketProgress(?:Opt)?: Call to recv from|Net : Call to \w{4} (?:from|to) "
        rb"|Application timeout caused pair closure|Error: failed to (?:recv|send), got 0 bytes"
        rb"|(?:gloo|c10d|sendBytes|recvBytes|TCPStore).{0,200}Broken pipe"
    ),
    standing=Standing.ECHO,
    blame=Blame.PEER,
    category=Category.PEER_LOST,
    phase=DiagnosedPhase.COLLECTIVE,
    confidence=Confidence.POSSIBLE,
    words="{who} went away without a word, and the others lost their connection to it",
    refute="if all ranks were alive: then the network broke the connection",
    advice=(
        "look at the last lines of the rank that does not report, and at dmesg of its node",
        "the ranks that report a closed connection are not to blame",
    ),
    missing=("the exit code of every rank: keep torchrun's own output (2>&1 | tee console.log)",),
    samples=(
        (
            "ncclRemoteError: A call failed possibly due to a network error or a remote process "
            "exiting prematurely."
        ),
        "socketProgress: Connection closed by remote peer node2<42830>",
        (
            "RuntimeError: [gloo/transport/tcp/pair.cc:553] Connection closed by peer "
            "[127.0.0.1]:55450."
        ),
        "RuntimeError: [pair.cc:537] Read error [10.0.0.1]:43934: Connection reset by peer.",
        "socketProgressOpt: Call to recv from 10.0.0.2<33759> failed : Connection reset by peer",
        (
            "torch.distributed.DistBackendError: NCCL error in: NCCLUtils.hpp:268, remote process "
            "exited or there was a network error, NCCL version 2.21.5"
        ),
    ),
    benign=(
        "recvValue failed on SocketImpl(fd=61): failed to recv, got 0 bytes",
        "NCCL INFO [Service thread] Connection closed by localRank 0",
        "BrokenPipeError: [Errno 32] Broken pipe",
    ),
)

ACTOR_DIED = Signature(
    name="ray_actor_died",
    hints=(b"ActorDiedError", b"RayActorError", b"WorkerCrashedError"),
    pattern=re.compile(
        rb"\bray\.exceptions\.(?:ActorDiedError|RayActorError|WorkerCrashedError)\b"
    ),
    standing=Standing.ECHO,
    blame=Blame.NOBODY,
    category=Category.PEER_LOST,
    confidence=Confidence.POSSIBLE,
    words="a worker process that Ray had started died, and its driver only saw it go",
    refute="if that worker's own log shows an error: then that is the cause",
    advice=(
        "look at that worker's stderr in /tmp/ray/session_latest/logs, and at dmesg of its node",
        "out of memory, most often: ray memory, and the node's memory at that time",
    ),
    missing=("the log of the worker that died: /tmp/ray/session_latest/logs/worker-*.err",),
    samples=(
        "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.",
        "ray.exceptions.RayActorError: The actor died unexpectedly before finishing this task.",
    ),
)

SIGNATURES = (HEARTBEAT, PEER_LOST, ABORTED, ACTOR_DIED)
