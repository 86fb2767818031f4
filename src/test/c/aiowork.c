// SPDX-License-Identifier: Apache-2.0
/*
 * Makes one situation in the life of AIO contexts, and says what it did: the truth that the tests hold against what
 * aioscope saw. Each line of the output is a name and a value.
 *
 *   aiowork SITUATION [--outstanding N] [--unreaped N] [--device PATH] [--folder PATH] [--charge N] [--count N]
 *                     [--milliseconds N] [--wait] [--steps] [--close]
 *
 * --close: close the device's file once the requests are submitted.
 * --wait: print "ready" before the last step, and take that step once a line (or the end) comes from stdin.
 * --steps: with --wait, do so before the step that begins to hang too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define MAX_REQUESTS 1024

static int outstanding = 0;
static int unreaped = 0;
static int count = 1;
static double seconds = 1;
static unsigned charge = 64;
static const char *device = "/dev/nullb0";
static const char *folder = ".";
static bool waits = false;
static bool steps = false;
static bool closes = false;

static int io_setup(unsigned max_reqs, aio_context_t *context) { return (int)syscall(SYS_io_setup, max_reqs, context); }

static int io_destroy(aio_context_t context) { return (int)syscall(SYS_io_destroy, context); }

static int io_submit(aio_context_t context, long n, struct iocb **list)
{
	return (int)syscall(SYS_io_submit, context, n, list);
}

static int io_getevents(aio_context_t context, long least, long most, struct io_event *events)
{
	return (int)syscall(SYS_io_getevents, context, least, most, events, NULL);
}

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

/* One line of the truth. */
static void tell(const char *name, uint64_t value)
{
	printf("%s %" PRIu64 "\n", name, value);
	fflush(stdout);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* What a call returned: 0 or an errno. */
static int errno_of(int result) { return result < 0 ? errno : 0; }

static uint64_t aio_nr(void)
{
	char text[32] = {0};
	int fd = open("/proc/sys/fs/aio-nr", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		fail("/proc/sys/fs/aio-nr");
	close(fd);
	return strtoull(text, NULL, 10);
}

static aio_context_t set_up(unsigned max_reqs)
{
	aio_context_t context = 0;

	if (io_setup(max_reqs, &context))
		fail("io_setup(%u)", max_reqs);
	tell("handle", context);
	return context;
}

/* With --wait: the point that the test lets us pass. */
static void wait_for_test(void)
{
	char line[16];

	if (waits) {
		tell("ready", 1);
		if (read(STDIN_FILENO, line, sizeof(line)) < 0)
			fail("stdin");
	}
}

/* Until this thread of ours is blocked in this system call, as the kernel itself says. */
static void wait_until_blocked(int tid, long call)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	for (;;) {
		int fd = open(path, O_RDONLY);
		ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		if (length > 0) {
			text[length] = 0;
			if (strncmp(text, "running", 7) != 0 && strtol(text, NULL, 10) == call)
				return;
		}
		usleep(1000);
	}
}

static int open_device(void)
{
	int fd = open(device, O_RDONLY | O_DIRECT);

	if (fd < 0)
		fail("%s", device);
	return fd;
}

static void *buffer(void)
{
	void *memory;

	if (posix_memalign(&memory, BLOCK, BLOCK))
		fail("posix_memalign");
	return memory;
}

static void prepare_read(struct iocb *request, int fd, long long offset)
{
	memset(request, 0, sizeof(*request));
	request->aio_lio_opcode = IOCB_CMD_PREAD;
	request->aio_fildes = (unsigned)fd;
	request->aio_buf = (uint64_t)(uintptr_t)buffer();
	request->aio_nbytes = BLOCK;
	request->aio_offset = offset;
}

static void submit_reads(aio_context_t context, int fd, int n)
{
	static struct iocb requests[MAX_REQUESTS];
	struct iocb *list[MAX_REQUESTS];
	int submitted;

	for (int i = 0; i < n; i++) {
		prepare_read(&requests[i], fd, (long long)i * BLOCK);
		list[i] = &requests[i];
	}
	for (int done = 0; done < n; done += submitted) {
		submitted = io_submit(context, n - done, list + done);
		if (submitted <= 0)
			fail("io_submit of %d", n - done);
	}
}

/* Two ends of a pipe in which nothing is. */
static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		fail("pipe2");
}

/* Reads in the file of this program: they complete at once and are not reaped. */
static void leave_unreaped(aio_context_t context, int n)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	if (fd < 0)
		fail("/proc/self/exe");
	submit_reads(context, fd, n);
	close(fd);
}

static aio_context_t context_with_requests(void)
{
	aio_context_t context = set_up(charge);

	if (unreaped)
		leave_unreaped(context, unreaped);
	if (outstanding) {
		int fd = open_device();

		tell("submitted", now());
		submit_reads(context, fd, outstanding);
		if (closes)
			close(fd);
	}
	tell("outstanding", (uint64_t)outstanding);
	tell("unreaped", (uint64_t)unreaped);
	tell("charge", charge);
	tell("aio_nr", aio_nr());
	return context;
}

static void destroy_and_tell(aio_context_t context)
{
	uint64_t begin = now();
	int result = io_destroy(context);
	int error = errno_of(result);

	tell("called", begin);
	tell("returned", now());
	tell("errno", (uint64_t)error);
	tell("aio_nr_after", aio_nr());
}

static void destroy(void)
{
	aio_context_t context = context_with_requests();

	wait_for_test();
	destroy_and_tell(context);
}

static void do_exit(void)
{
	context_with_requests();
	wait_for_test();
	_exit(0);
}

/* The address space ends with exec, the process goes on. */
static void exec(char *program)
{
	char *again[] = {program, "after-exec", NULL};

	context_with_requests();
	wait_for_test();
	execv("/proc/self/exe", again);
	fail("execv");
}

/* Four of the requests are reaped, four stay unreaped. */
static void half_reaped(void)
{
	aio_context_t context = set_up(charge);
	struct io_event events[4];

	leave_unreaped(context, 8);
	if (io_getevents(context, 4, 4, events) != 4)
		fail("io_getevents");
	tell("unreaped", 4);
	wait_for_test();
	destroy_and_tell(context);
}

/* A poll of a pipe in which nothing is can be cancelled; a read of a slow device has to be waited for. */
static void poll_and_read(void)
{
	static struct iocb request;
	struct iocb *list = &request;
	aio_context_t context = set_up(charge);
	int ends[2];

	make_pipe(ends);
	request.aio_lio_opcode = IOCB_CMD_POLL;
	request.aio_fildes = (unsigned)ends[0];
	request.aio_buf = POLLIN;
	if (io_submit(context, 1, &list) != 1)
		fail("io_submit of a poll");
	if (outstanding) {
		int fd = open_device();

		tell("submitted", now());
		submit_reads(context, fd, outstanding);
	}
	tell("outstanding", (uint64_t)outstanding + 1);
	wait_for_test();
	destroy_and_tell(context);
}

static int open_file(const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | flags);
	if (fd < 0)
		fail("%s", path);
	return fd;
}

/*
 * One request of each kind: reads and writes of the file `data`, of one and of two blocks, both kinds of fsync of the
 * file `dirty`, which is so by then, and a poll of a pipe in which nothing is.
 */
static void operations(void)
{
	static struct iocb requests[7];
	struct iocb *list[7];
	struct iovec two[] = {{buffer(), BLOCK}, {buffer(), BLOCK}};
	int data = open_file("data", O_DIRECT), dirty = open_file("dirty", 0), ends[2];
	aio_context_t context = set_up(charge);
	struct stat pipe;

	make_pipe(ends);
	if (fstat(ends[0], &pipe))
		fail("fstat");
	if (pwrite(dirty, two[0].iov_base, BLOCK, 0) != BLOCK)
		fail("pwrite");
	for (int i = 0; i < 7; i++) {
		prepare_read(&requests[i], data, (i + 1LL) * 2 * BLOCK);
		list[i] = &requests[i];
	}
	requests[1].aio_lio_opcode = IOCB_CMD_PWRITE;
	requests[2].aio_lio_opcode = IOCB_CMD_PREADV;
	requests[3].aio_lio_opcode = IOCB_CMD_PWRITEV;
	requests[2].aio_buf = requests[3].aio_buf = (uint64_t)(uintptr_t)two;
	requests[2].aio_nbytes = requests[3].aio_nbytes = 2;
	requests[4] = (struct iocb){.aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = (unsigned)dirty};
	requests[5] = (struct iocb){.aio_lio_opcode = IOCB_CMD_FDSYNC, .aio_fildes = (unsigned)dirty};
	requests[6] = (struct iocb){.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = (unsigned)ends[0], .aio_buf = POLLIN};
	if (io_submit(context, 7, list) != 7)
		fail("io_submit");
	tell("pipe", pipe.st_ino);
	wait_for_test();
	destroy_and_tell(context);
}

/* ---- threads ---- */

static pthread_barrier_t barrier;

struct destroyer {
	aio_context_t context;
	pthread_t thread;
	int tid;
	int error;
};

static void *run_destroyer(void *argument)
{
	struct destroyer *self = argument;

	self->tid = (int)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	self->error = errno_of(io_destroy(self->context));
	return NULL;
}

/* Begins to destroy the context, and returns when that waits. */
static void begin_destroyer(struct destroyer *destroyer)
{
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&destroyer->thread, NULL, run_destroyer, destroyer))
		fail("pthread_create");
	pthread_barrier_wait(&barrier);
	wait_until_blocked(destroyer->tid, SYS_io_destroy);
	tell("destroyer", (uint64_t)destroyer->tid);
}

/* Two threads destroy one context at the same time: one gets 0, the other EINVAL. */
static void race(void)
{
	for (int round = 0; round < count; round++) {
		struct destroyer both[2];
		aio_context_t context = set_up(charge);

		pthread_barrier_init(&barrier, NULL, 2);
		for (int i = 0; i < 2; i++) {
			both[i].context = context;
			if (pthread_create(&both[i].thread, NULL, run_destroyer, &both[i]))
				fail("pthread_create");
		}
		for (int i = 0; i < 2; i++) {
			pthread_join(both[i].thread, NULL);
			tell(both[i].error ? "loser" : "winner", (uint64_t)both[i].tid);
			tell("errno", (uint64_t)both[i].error);
		}
		pthread_barrier_destroy(&barrier);
	}
}

/* Many threads wait in io_destroy at the same time, each for its own context and all for the same slow device. */
static void many_destroyers(void)
{
	struct destroyer *all = calloc((size_t)count, sizeof(*all));
	int fd = open_device(), failed = 0;

	if (!all)
		fail("calloc");
	pthread_barrier_init(&barrier, NULL, (unsigned)count);
	for (int i = 0; i < count; i++) {
		if (io_setup(charge, &all[i].context))
			fail("io_setup");
		submit_reads(all[i].context, fd, 1);
		if (pthread_create(&all[i].thread, NULL, run_destroyer, &all[i]))
			fail("pthread_create");
	}
	for (int i = 0; i < count; i++) {
		pthread_join(all[i].thread, NULL);
		failed += all[i].error != 0;
	}
	tell("destroyed", (uint64_t)(count - failed));
	tell("failed", (uint64_t)failed);
}

struct submitter {
	aio_context_t context;
	int fd;
	int tid;
};

static void *run_submitter(void *argument)
{
	struct submitter *self = argument;
	struct iocb request;
	struct iocb *list = &request;

	prepare_read(&request, self->fd, 0);
	request.aio_nbytes = 1;
	__atomic_store_n(&self->tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	io_submit(self->context, 1, &list);
	return NULL;
}

static pthread_t block_in_submit(struct submitter *submitter)
{
	pthread_t thread;
	int tid;

	if (pthread_create(&thread, NULL, run_submitter, submitter))
		fail("pthread_create");
	while (!(tid = __atomic_load_n(&submitter->tid, __ATOMIC_ACQUIRE)))
		usleep(1000);
	wait_until_blocked(tid, SYS_io_submit);
	return thread;
}

struct pair {
	struct submitter submitter;
	struct destroyer destroyer;
	pthread_t thread;
	int ends[2];
};

static void begin_pair(struct pair *pair)
{
	make_pipe(pair->ends);
	pair->submitter.context = pair->destroyer.context = set_up(charge);
	pair->submitter.fd = pair->ends[0];
	pair->thread = block_in_submit(&pair->submitter);
	if (steps)
		wait_for_test();
	begin_destroyer(&pair->destroyer);
}

/* A thread is inside io_submit, reading from an empty pipe, while another one destroys the context: --count such pairs. */
static void sibling(void)
{
	struct pair *all = calloc((size_t)count, sizeof(*all));

	if (!all)
		fail("calloc");
	for (int i = 0; i < count; i++)
		begin_pair(&all[i]);
	tell("siblings", (uint64_t)count);
	wait_for_test();
	usleep((useconds_t)(seconds * 1e6));
	for (int i = 0; i < count; i++) {
		if (write(all[i].ends[1], "x", 1) != 1)
			fail("write");
	}
	for (int i = 0; i < count; i++) {
		pthread_join(all[i].destroyer.thread, NULL);
		pthread_join(all[i].thread, NULL);
		tell("errno", (uint64_t)all[i].destroyer.error);
	}
}

/* ---- memory that is not there ---- */

/* Who reads or writes this memory from now on, the kernel too, waits until it is filled. */
static int begin_faults(void *memory, size_t size)
{
	int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)memory, size}, .mode = UFFDIO_REGISTER_MODE_MISSING};

	if (faults < 0 || ioctl(faults, UFFDIO_API, &api))
		fail("userfaultfd");
	if (ioctl(faults, UFFDIO_REGISTER, &range))
		fail("UFFDIO_REGISTER");
	return faults;
}

/* Lets go on who waits for the first page of the memory. */
static void fill(int faults, void *memory, const void *page)
{
	struct uffdio_copy copy = {.dst = (uintptr_t)memory, .src = (uintptr_t)page, .len = BLOCK};

	if (ioctl(faults, UFFDIO_COPY, &copy))
		fail("UFFDIO_COPY");
}

struct reaper {
	aio_context_t context;
	struct io_event *events;
	int tid;
};

static void *run_reaper(void *argument)
{
	struct reaper *self = argument;

	__atomic_store_n(&self->tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
	io_getevents(self->context, 1, 1, self->events);
	return NULL;
}

/* A thread is inside io_getevents, which cannot write what it has reaped, while another one destroys the context. */
static void reaping(void)
{
	static unsigned page[BLOCK / sizeof(unsigned)];
	void *memory = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct reaper reaper = {.context = set_up(charge), .events = memory};
	struct destroyer destroyer = {.context = reaper.context};
	pthread_t thread;
	int faults, tid;

	if (memory == MAP_FAILED)
		fail("mmap");
	leave_unreaped(reaper.context, 1);
	faults = begin_faults(memory, BLOCK);
	if (pthread_create(&thread, NULL, run_reaper, &reaper))
		fail("pthread_create");
	while (!(tid = __atomic_load_n(&reaper.tid, __ATOMIC_ACQUIRE)))
		usleep(1000);
	wait_until_blocked(tid, SYS_io_getevents);
	begin_destroyer(&destroyer);
	wait_for_test();
	fill(faults, memory, page);
	pthread_join(destroyer.thread, NULL);
	pthread_join(thread, NULL);
	tell("errno", (uint64_t)destroyer.error);
}

/* An fchown32 as 32-bit programs have it: its number is that of io_destroy, and what would be the handle could be one. */
static void chown_32(void)
{
	long number = SYS_io_destroy;
	int fd = open(device, O_RDONLY);

	if (fd < 0)
		fail("%s", device);
	asm volatile("int $0x80"
		     : "+a"(number)
		     : "b"(fd), "c"(-1), "d"(-1), "D"(16L * BLOCK)
		     : "memory", "r8", "r9", "r10", "r11");
}

/* ---- a file system that does not answer ---- */

static void answer(int fuse, const struct fuse_in_header *request, int error, void *body, size_t size)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size), .error = -error, .unique = request->unique};
	struct iovec parts[] = {{&header, sizeof(header)}, {body, size}};

	if (writev(fuse, parts, size ? 2 : 1) < 0 && errno != ENOENT)
		fail("an answer to %u", request->opcode);
}

/* Everything is answered but reads. */
static void serve(int fuse, const struct fuse_in_header *request)
{
	const struct fuse_init_in *begin = (const void *)(request + 1);
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
				     .flags = FUSE_ASYNC_READ | FUSE_ASYNC_DIO,
				     .max_background = MAX_REQUESTS,
				     .max_write = BLOCK,
				     .time_gran = 1};
	struct fuse_attr_out file = {
		.attr = {.ino = FUSE_ROOT_ID, .size = MAX_REQUESTS * BLOCK, .mode = S_IFREG | 0444, .nlink = 1}};
	struct fuse_open_out opened = {0};

	switch (request->opcode) {
	case FUSE_INIT:
		init.minor = begin->minor < FUSE_KERNEL_MINOR_VERSION ? begin->minor : FUSE_KERNEL_MINOR_VERSION;
		answer(fuse, request, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(fuse, request, 0, &file, sizeof(file));
		break;
	case FUSE_OPEN:
		answer(fuse, request, 0, &opened, sizeof(opened));
		break;
	case FUSE_RELEASE:
		answer(fuse, request, 0, NULL, 0);
		break;
	case FUSE_READ:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(fuse, request, ENOSYS, NULL, 0);
	}
}

/* Mounts a file over that of --device and serves it until stdin ends; then, or if it is killed, all reads fail. */
static void silent_server(void)
{
	static char buffer[FUSE_MIN_READ_BUFFER + 64 * BLOCK] __attribute__((aligned(8)));
	struct pollfd both[] = {{.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), .events = POLLIN},
				{.fd = STDIN_FILENO, .events = POLLIN}};
	char options[64];

	if (both[0].fd < 0)
		fail("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=100444,user_id=0,group_id=0", both[0].fd);
	if (mount("aiowork", device, "fuse", MS_NOSUID | MS_NODEV, options))
		fail("mount");
	tell("mounted", 1);
	while (poll(both, 2, -1) >= 0 && !both[1].revents) {
		ssize_t length = read(both[0].fd, buffer, sizeof(buffer));

		if (length < 0 && errno == ENODEV)
			return;
		if (length >= (ssize_t)sizeof(struct fuse_in_header))
			serve(both[0].fd, (struct fuse_in_header *)buffer);
	}
}

/* ---- errors ---- */

static void refused_handle(const char *name, aio_context_t handle)
{
	int error = errno_of(io_destroy(handle));

	printf("%s %" PRIu64 "\n", name, (uint64_t)handle);
	tell("errno", (uint64_t)error);
}

static void wrong_handles(void)
{
	aio_context_t context = set_up(charge), destroyed = set_up(charge);
	pid_t child;
	int status;

	if (io_destroy(destroyed))
		fail("io_destroy");
	refused_handle("zero", 0);
	refused_handle("destroyed", destroyed);
	refused_handle("junk", 0xdeadbeef000);
	fflush(stdout);
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		tell("child", (uint64_t)getpid());
		refused_handle("inherited", context);
		_exit(0);
	}
	waitpid(child, &status, 0);
	tell("returned", now());
}

/* How many bytes the ring takes, as the kernel shows it. */
static size_t ring_size(aio_context_t context)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long begin, end;
	char line[512];

	if (!maps)
		fail("/proc/self/maps");
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &begin, &end) == 2 && begin == context) {
			fclose(maps);
			return end - begin;
		}
	}
	fail("no ring at %#lx", (unsigned long)context);
}

/* Each way in which a program can spoil the ring of a context that is still alive. */
static void spoiled_rings(void)
{
	aio_context_t corrupted = set_up(charge), moved = set_up(charge), covered = set_up(charge),
		      unmapped = set_up(charge);
	size_t size = ring_size(covered);
	unsigned *id = (unsigned *)corrupted, old = *id, slot = *(unsigned *)covered;
	void *room;

	*id = 0xdead;
	refused_handle("corrupted", corrupted);
	*id = old;
	destroy_and_tell(corrupted);

	room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mremap((void *)moved, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, room) == MAP_FAILED)
		fail("mremap");
	refused_handle("moved", moved);
	tell("moved_to", (uint64_t)(uintptr_t)room);
	tell("errno", (uint64_t)errno_of(io_destroy((aio_context_t)(uintptr_t)room)));

	/* Memory of our own in place of the ring, with the id in it: the kernel unmaps it. */
	if (mmap((void *)covered, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		fail("mmap");
	*(unsigned *)covered = slot;
	tell("covered", covered);
	tell("errno", (uint64_t)errno_of(io_destroy(covered)));

	if (munmap((void *)unmapped, size))
		fail("munmap");
	refused_handle("unmapped", unmapped);
}

/* Each call that takes a handle gets one that was destroyed. */
static void use_destroyed(aio_context_t destroyed)
{
	struct iocb request = {0};
	struct io_event event;

	tell("submit", (uint64_t)errno_of(io_submit(destroyed, 0, NULL)));
	tell("getevents", (uint64_t)errno_of(io_getevents(destroyed, 0, 0, NULL)));
	tell("pgetevents", (uint64_t)errno_of((int)syscall(SYS_io_pgetevents, destroyed, 0, 0, NULL, NULL, NULL)));
	tell("cancel", (uint64_t)errno_of((int)syscall(SYS_io_cancel, destroyed, &request, &event)));
}

/* A handle is used after its io_destroy, and after it has become another context's: by mremap, and by io_setup. */
static void used_handles(void)
{
	aio_context_t other = set_up(charge), destroyed = set_up(charge), again;
	size_t size = ring_size(other);

	if (io_destroy(destroyed))
		fail("io_destroy");
	tell("destroyed", destroyed);
	use_destroyed(destroyed);

	if (mremap((void *)other, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)destroyed) == MAP_FAILED)
		fail("mremap");
	tell("moved", (uint64_t)errno_of(io_submit(destroyed, 0, NULL)));
	if (io_destroy(destroyed))
		fail("io_destroy");
	tell("moved_and_destroyed", (uint64_t)errno_of(io_submit(destroyed, 0, NULL)));

	again = set_up(charge);
	tell("again", again);
	tell("again", (uint64_t)errno_of(io_submit(again, 0, NULL)));
	if (io_destroy(again))
		fail("io_destroy");
	refused_handle("junk", 0xdeadbeef000);
}

/*
 * Two threads are inside io_destroy of one context before either has found it: the id that leads to it stands in memory
 * of our own, which is only filled in when both wait for it.
 */
static void lost_race(void)
{
	aio_context_t context = set_up(charge);
	static unsigned page[BLOCK / sizeof(unsigned)];
	size_t size = ring_size(context);
	struct destroyer both[2];
	int faults;

	page[0] = *(unsigned *)context;
	if (mmap((void *)context, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		fail("mmap");
	faults = begin_faults((void *)context, size);
	pthread_barrier_init(&barrier, NULL, 3);
	for (int i = 0; i < 2; i++) {
		both[i].context = context;
		if (pthread_create(&both[i].thread, NULL, run_destroyer, &both[i]))
			fail("pthread_create");
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 2; i++)
		wait_until_blocked(both[i].tid, SYS_io_destroy);
	fill(faults, (void *)context, page);
	for (int i = 0; i < 2; i++) {
		pthread_join(both[i].thread, NULL);
		tell(both[i].error ? "loser" : "winner", (uint64_t)both[i].tid);
	}
}

/* A second io_destroy comes while the first one still waits for its requests. */
static void destroyed_twice(void)
{
	struct destroyer first = {.context = context_with_requests()};

	begin_destroyer(&first);
	refused_handle("waiting", first.context);
	pthread_join(first.thread, NULL);
	refused_handle("drained", first.context);
}

/* io_setup asks for more than what is left of the quota, and for what is not valid. */
static void refused(void)
{
	aio_context_t context = 0;

	tell("setup", charge);
	tell("errno", (uint64_t)errno_of(io_setup(charge, &context)));
	tell("setup", 0);
	tell("errno", (uint64_t)errno_of(io_setup(0, &context)));
	context = 1;
	tell("setup", 1);
	tell("errno", (uint64_t)errno_of(io_setup(1, &context)));
}

/* Asks again and again until it gets a context. */
static void persist(void)
{
	aio_context_t context = 0;
	uint64_t tries = 1;

	for (; io_setup(charge, &context); tries++) {
		if (errno != EAGAIN)
			fail("io_setup");
		if (tries == 1)
			tell("refused", now());
		usleep(50000);
	}
	tell("granted", now());
	tell("tries", tries);
}

/* io_setup can read the variable for the handle but not write it: it takes back the context that it has made. */
static void rollback(void)
{
	void *page = mmap(NULL, BLOCK, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		fail("mmap");
	tell("errno", (uint64_t)errno_of(io_setup(charge, page)));
	tell("aio_nr_after", aio_nr());
}

/* ---- many ---- */

/* Contexts that live until the process is killed or let go on; then it exits. */
static void many(void)
{
	for (int i = 0; i < count; i++) {
		aio_context_t context = 0;

		if (io_setup(charge, &context))
			fail("io_setup %d", i);
	}
	tell("contexts", (uint64_t)count);
	tell("aio_nr", aio_nr());
	wait_for_test();
}

/*
 * Children that set contexts up and exit without destroying them, one after another. Each goes only when the next one
 * has all of its contexts, so at any moment at least one child holds all of its own.
 */
static void churn(void)
{
	uint64_t end = now() + (uint64_t)(seconds * 1e9), contexts = 0;
	pid_t before = 0;
	int release_before = -1;

	do {
		int has_all[2], release[2], status;
		char byte;

		if (pipe(has_all) || pipe(release))
			fail("pipe");
		pid_t child = fork();

		if (child < 0)
			fail("fork");
		if (!child) {
			close(has_all[0]);
			close(release[1]);
			if (release_before >= 0)
				close(release_before);
			for (int i = 0; i < count; i++) {
				aio_context_t context = 0;

				if (io_setup(charge, &context))
					_exit(1);
			}
			close(has_all[1]);
			_exit(read(release[0], &byte, 1) != 0);
		}
		close(has_all[1]);
		close(release[0]);
		if (read(has_all[0], &byte, 1))
			fail("pipe");
		close(has_all[0]);
		if (before) {
			close(release_before);
			if (waitpid(before, &status, 0) != before || status)
				fail("a child ended with %#x", status);
		}
		before = child;
		release_before = release[1];
		contexts += (uint64_t)count;
	} while (now() < end);
	tell("contexts", contexts);
}

/* Calls of io_setup that fail at once, one after another. */
static void storm(void)
{
	uint64_t refusals = 0;

	for (int i = 0; i < count; i++) {
		aio_context_t context = 0;

		refusals += io_setup(0, &context) && errno == EINVAL;
		if (!waits)
			continue;
		usleep(10000);
	}
	tell("refusals", refusals);
}

/* Processes that set a context up and exit, many of them at once. */
static void swarm(void)
{
	int alive = 0, status;
	uint64_t contexts = 0;

	for (int started = 0; started < count || alive;) {
		if (started < count && alive < 256) {
			pid_t child = fork();

			if (child < 0)
				fail("fork");
			if (!child) {
				aio_context_t context = 0;

				_exit(io_setup(charge, &context) != 0);
			}
			started++;
			alive++;
			continue;
		}
		if (wait(&status) < 0)
			fail("wait");
		alive--;
		contexts += !status;
	}
	tell("contexts", contexts);
}

/*
 * Contexts that are set up and destroyed at a pace: count a second, by as many threads as it takes if none has to wait for
 * the other.
 */
#define PACERS 128

static uint64_t paced_until;
static uint64_t paced_contexts;

static void *pacer(void *number)
{
	uint64_t period = PACERS * 1000000000ull / (uint64_t)count;
	uint64_t next = now() + (uint64_t)(uintptr_t)number * period / PACERS;

	for (; next < paced_until; next += period) {
		struct timespec time = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};
		aio_context_t context = 0;

		clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &time, NULL);
		if (io_setup(charge, &context) || io_destroy(context))
			fail("io_setup and io_destroy");
		__atomic_add_fetch(&paced_contexts, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void paced(void)
{
	pthread_t threads[PACERS];

	paced_until = now() + (uint64_t)(seconds * 1e9);
	for (uintptr_t i = 0; i < PACERS; i++)
		if (pthread_create(&threads[i], NULL, pacer, (void *)i))
			fail("pthread_create");
	for (int i = 0; i < PACERS; i++)
		pthread_join(threads[i], NULL);
	tell("contexts", paced_contexts);
}

/* A child sees the ring of its parent in its memory, but has no context. */
static void forked(void)
{
	set_up(charge);

	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (!child) {
		pause();
		_exit(0);
	}
	tell("child", (uint64_t)child);
	wait_for_test();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void *run_on(void *none)
{
	(void)none;
	aio_context_t context = context_with_requests();

	wait_for_test();
	destroy_and_tell(context);
	exit(0);
}

/* The first thread ends before the one that has the context and destroys it. */
static void leaderless(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_on, NULL))
		fail("pthread_create");
	pthread_exit(NULL);
}

static int number(const char *name, const char *text)
{
	char *rest;
	long value = text ? strtol(text, &rest, 10) : -1;

	if (value < 0 || *rest) {
		fprintf(stderr, "%s needs a number\n", name);
		exit(2);
	}
	return (int)value;
}

static void parse(char **argument)
{
	for (; *argument; argument++) {
		if (!strcmp(*argument, "--wait")) {
			waits = true;
			continue;
		}
		if (!strcmp(*argument, "--steps")) {
			steps = true;
			continue;
		}
		if (!strcmp(*argument, "--close")) {
			closes = true;
			continue;
		}
		const char *name = *argument++;

		if (!strcmp(name, "--outstanding"))
			outstanding = number(name, *argument);
		else if (!strcmp(name, "--unreaped"))
			unreaped = number(name, *argument);
		else if (!strcmp(name, "--charge"))
			charge = (unsigned)number(name, *argument);
		else if (!strcmp(name, "--count"))
			count = number(name, *argument);
		else if (!strcmp(name, "--milliseconds"))
			seconds = number(name, *argument) / 1e3;
		else if (!strcmp(name, "--device") && *argument)
			device = *argument;
		else if (!strcmp(name, "--folder") && *argument)
			folder = *argument;
		else {
			fprintf(stderr, "%s is no option\n", name);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} situations[] = {
		{"destroy", destroy}, {"exit", do_exit},          {"half-reaped", half_reaped},
		{"race", race},       {"sibling", sibling},       {"many-destroyers", many_destroyers},
		{"refused", refused}, {"rollback", rollback},     {"poll-and-read", poll_and_read},
		{"many", many},       {"churn", churn},           {"wrong-handles", wrong_handles},
		{"forked", forked},   {"leaderless", leaderless},
		{"persist", persist}, {"storm", storm}, {"swarm", swarm},
		{"spoiled-rings", spoiled_rings}, {"destroyed-twice", destroyed_twice},
		{"used-handles", used_handles}, {"lost-race", lost_race}, {"operations", operations},
		{"reaping", reaping}, {"silent-server", silent_server}, {"paced", paced},
		{"chown-32", chown_32},
	};

	if (argc >= 2 && !strcmp(argv[1], "after-exec")) {
		tell("executed", (uint64_t)getpid());
		return 0;
	}
	if (argc < 2) {
		fprintf(stderr, "aiowork needs a situation\n");
		return 2;
	}
	parse(argv + 2);
	tell("pid", (uint64_t)getpid());
	if (!strcmp(argv[1], "exec")) {
		exec(argv[0]);
		return 1;
	}
	for (size_t i = 0; i < sizeof(situations) / sizeof(*situations); i++) {
		if (!strcmp(argv[1], situations[i].name)) {
			situations[i].run();
			return 0;
		}
	}
	fprintf(stderr, "aiowork knows no situation %s\n", argv[1]);
	return 2;
}
