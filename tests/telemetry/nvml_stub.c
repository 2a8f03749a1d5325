/* A libnvidia-ml.so.1 for machines without a GPU, scripted by the environment:
 *   NVML_STUB_GPUS   number of GPUs (2)
 *   NVML_STUB_INIT   result of nvmlInitWithFlags (0; 9 is "driver not loaded")
 *   NVML_STUB_LOST   path: GPU 1 is lost as soon as this file exists
 *   NVML_STUB_MIG    1: GPU 0 is split, so that it has no utilisation
 *   NVML_STUB_BLOCK  path: as long as this file exists, no question about temperatures returns
 *   NVML_STUB_PID    process that computes on GPU 0
 *   NVML_STUB_ECC    path: two uncorrected errors and Xid 48 on GPU 0 as soon as this file exists
 * Left out on purpose, as in an old driver: remapped rows, MemoryInfo_v2. -DWITHOUT_POWER leaves out
 * the power too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { int index; } Device;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned int gpu, memory; } Utilization;
typedef struct { unsigned int pid; unsigned long long used; unsigned int gi, ci; } Process;
typedef struct { Device *device; unsigned long long type, data; unsigned int gi, ci; } Event;

enum { OK = 0, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7, TIMEOUT = 10, LOST = 15 };

static Device devices[16];
static int told;

static int number(const char *name, int other) {
  const char *text = getenv(name);
  return text ? atoi(text) : other;
}
static int happened(const char *name) {
  const char *path = getenv(name);
  return path && access(path, F_OK) == 0;
}
static int lost(Device *d) { return d->index == 1 && happened("NVML_STUB_LOST"); }
#define ALIVE(d) if (lost(d)) return LOST

int nvmlInitWithFlags(unsigned int flags) { (void)flags; return number("NVML_STUB_INIT", 0); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) {
  return code == 9 ? "Driver Not Loaded" : code == NOT_SUPPORTED ? "Not Supported"
       : code == LOST ? "GPU is lost" : code == 13 ? "Function Not Found" : "Other";
}
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = number("NVML_STUB_GPUS", 2); return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device **d) {
  devices[index].index = index;
  *d = &devices[index];
  ALIVE(*d);
  return OK;
}
int nvmlDeviceGetIndex(Device *d, unsigned int *index) { *index = d->index; return OK; }
int nvmlDeviceGetName(Device *d, char *name, unsigned int size) {
  ALIVE(d);
  snprintf(name, size, "Stub H100");
  return OK;
}
int nvmlDeviceGetUUID(Device *d, char *uuid, unsigned int size) {
  ALIVE(d);
  snprintf(uuid, size, d->index < 8 ? "GPU-000%d" : "MIG-000%d", d->index);
  return OK;
}
int nvmlDeviceGetMemoryInfo(Device *d, Memory *m) {
  ALIVE(d);
  m->total = 80ULL << 30;
  m->used = 61ULL << 30;
  m->free = m->total - m->used;
  return OK;
}
int nvmlDeviceGetUtilizationRates(Device *d, Utilization *u) {
  ALIVE(d);
  if (d->index == 0 && number("NVML_STUB_MIG", 0)) return NOT_SUPPORTED;
  u->gpu = 97;
  u->memory = 40;
  return OK;
}
int nvmlDeviceGetTemperature(Device *d, int sensor, unsigned int *t) {
  (void)sensor;
  while (happened("NVML_STUB_BLOCK")) usleep(20000);
  ALIVE(d);
  *t = 71;
  return OK;
}
#ifndef WITHOUT_POWER
int nvmlDeviceGetPowerUsage(Device *d, unsigned int *mw) { ALIVE(d); *mw = 651500; return OK; }
int nvmlDeviceGetEnforcedPowerLimit(Device *d, unsigned int *mw) {
  ALIVE(d);
  *mw = 700000;
  return OK;
}
#endif
int nvmlDeviceGetCurrentClocksThrottleReasons(Device *d, unsigned long long *bits) {
  ALIVE(d);
  *bits = 0x1 | 0x4 | 0x40;
  return OK;
}
int nvmlDeviceGetMigMode(Device *d, unsigned int *now, unsigned int *next) {
  ALIVE(d);
  *now = *next = d->index == 0 && number("NVML_STUB_MIG", 0);
  return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(Device *d, unsigned int *count) { (void)d; *count = 3; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(Device *d, unsigned int place, Device **instance) {
  if (d->index || place == 1) return 6; /* nothing there */
  devices[8 + place].index = 8 + place;
  *instance = &devices[8 + place];
  return OK;
}
int nvmlDeviceGetTotalEccErrors(Device *d, int kind, int counter, unsigned long long *count) {
  (void)counter;
  ALIVE(d);
  if (d->index == 1) return NOT_SUPPORTED;
  *count = kind == 1 && happened("NVML_STUB_ECC") ? 5 : 3;
  return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, unsigned int *count, Process *found) {
  unsigned int pid = d->index == 0 ? number("NVML_STUB_PID", 0) : 0;
  ALIVE(d);
  if (!pid) { *count = 0; return OK; }
  if (*count < 1) { *count = 1; return INSUFFICIENT_SIZE; }
  *count = 1;
  memset(found, 0, sizeof *found);
  found->pid = pid;
  found->used = 60ULL << 30;
  return OK;
}
int nvmlEventSetCreate(void **set) { *set = devices; return OK; }
int nvmlDeviceRegisterEvents(Device *d, unsigned long long types, void *set) {
  (void)types; (void)set;
  ALIVE(d);
  return OK;
}
int nvmlEventSetWait_v2(void *set, Event *event, unsigned int timeout) {
  (void)set; (void)timeout;
  if (told || !happened("NVML_STUB_ECC")) return TIMEOUT;
  told = 1;
  event->device = &devices[0];
  event->data = 48;
  return OK;
}
