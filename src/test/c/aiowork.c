// SPDX-License-Identifier: Apache-2.0
/*
 * Creates one situation in the life of AIO contexts and prints the facts, one name and value per line. Tests compare
 * them with aioscope's reports.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define MAX_PAGE 65536 /* of arm64 */
#define MAX_REQUESTS 1024

static const char usage[] =
	"Usage: aiowork SITUATION [OPTION]...\n"
	"Create a situation with AIO contexts and print the facts, one per line.\n"
	"\n"
	"  --outstanding N   requests to the device that do not complete at once\n"
	"  --unreaped N      requests that complete at once and are not reaped\n"
	"  --device FILE     the device to read (default: /dev/nullb0)\n"
	"  --directory DIR   the directory of the files to read and write\n"
	"  --ignored TEXT    nothing: an argument for others to see\n"
	"  --charge N        the argument of io_setup (default: 64)\n"
	"  --count N         the number of contexts, threads, pairs or calls\n"
	"  --milliseconds N  the duration of the situation (default: 1000)\n"
	"  --wait            print \"ready\" before the last step and wait for a line or\n"
	"                    the end of stdin\n"
	"  --steps           with --wait, also wait before the step that blocks\n"
	"  --close           close the device file after submitting the requests\n";

static int outstanding = 0;
static int unreaped = 0;
static int count = 1;
static double seconds = 1;
static unsigned charge = 64;
static const char *device = "/dev/nullb0";
static const char *directory = ".";
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

/* Prints "cannot ACTION: REASON" and exits. */
__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "aiowork: cannot ");
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1);
}

/* Prints one fact. */
static void report(const char *name, uint64_t value)
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

/* The error of a call; 0 if it succeeded. */
static int errno_of(int result) { return result < 0 ? errno : 0; }

static uint64_t aio_nr(void)
{
	char text[32] = {0};
	int fd = open("/proc/sys/fs/aio-nr", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		fail("read /proc/sys/fs/aio-nr");
	close(fd);
	return strtoull(text, NULL, 10);
}

static aio_context_t set_up(unsigned max_reqs)
{
	aio_context_t context = 0;

	if (io_setup(max_reqs, &context))
		fail("call io_setup(%u)", max_reqs);
	report("handle", context);
	return context;
}

/* With --wait, prints "ready" and waits for a line or the end of stdin. */
static void wait_for_test(void)
{
	char line[16];

	if (waits) {
		report("ready", 1);
		if (read(STDIN_FILENO, line, sizeof(line)) < 0)
			fail("read stdin");
	}
}

/* Waits until a thread of this process is blocked in a system call, according to the kernel. */
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
		fail("open %s", device);
	return fd;
}

static void *buffer(void)
{
	void *memory;

	if (posix_memalign(&memory, BLOCK, BLOCK))
		fail("call posix_memalign");
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
			fail("submit %d requests", n - done);
	}
}

/* Creates an empty pipe. */
static void make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		fail("call pipe2");
}

/* Submits reads of the file of this program, which complete at once. */
static void leave_unreaped(aio_context_t context, int n)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	if (fd < 0)
		fail("open /proc/self/exe");
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

		report("submitted", now());
		submit_reads(context, fd, outstanding);
		if (closes)
			close(fd);
	}
	report("outstanding", (uint64_t)outstanding);
	report("unreaped", (uint64_t)unreaped);
	report("charge", charge);
	report("aio_nr", aio_nr());
	return context;
}

static void destroy_and_report(aio_context_t context)
{
	uint64_t begin = now();
	int result = io_destroy(context);
	int error = errno_of(result);

	report("called", begin);
	report("returned", now());
	report("errno", (uint64_t)error);
	report("aio_nr_after", aio_nr());
}

static void destroy(void)
{
	aio_context_t context = context_with_requests();

	wait_for_test();
	destroy_and_report(context);
}

static void do_exit(void)
{
	context_with_requests();
	wait_for_test();
	_exit(0);
}

/* An exec replaces the address space, and the process continues. */
static void exec(char *program)
{
	char *again[] = {program, "after-exec", NULL};

	context_with_requests();
	wait_for_test();
	execv("/proc/self/exe", again);
	fail("call execv");
}

/* Sets up a context, and another one in a program that it executes. */
static void exec_between(char *program)
{
	char *again[] = {"second", "destroy", "--wait", NULL};

	set_up(charge);
	execv(program, again);
	fail("call execv");
}

/* From kernel 5.18 on, the program gets one empty argument. */
static void exec_without_arguments(char *program)
{
	char *none[] = {NULL};

	execv(program, none);
	fail("call execv");
}

/* Executes a copy of the program that is in no directory. */
static void exec_memory(char *program)
{
	char *again[] = {"copy", "destroy", "--wait", NULL};
	char *environment[] = {NULL};
	int from = open(program, O_RDONLY | O_CLOEXEC), to = memfd_create("a copy", MFD_CLOEXEC);
	char bytes[BLOCK];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0) {
		if (write(to, bytes, (size_t)n) != n)
			fail("write the copy");
	}
	fexecve(to, again, environment);
	fail("call fexecve");
}

/* Sets up a context after the program lost its name. */
static void run_deleted(char *program)
{
	if (unlink(program))
		fail("unlink %s", program);
	destroy();
}

/* Sets up a context below another root. */
static void other_root(void)
{
	if (chroot(directory) || chdir("/"))
		fail("chroot to %s", directory);
	set_up(charge);
	wait_for_test();
}

/* A child of fork and one of vfork, which shares the address space, set up contexts too. */
static void children(void)
{
	pid_t child;

	set_up(charge);
	child = fork();
	if (!child) {
		set_up(charge);
		_exit(0);
	}
	report("forked", (uint64_t)child);
	waitpid(child, NULL, 0);
	child = vfork();
	if (!child) {
		aio_context_t context = 0;

		_exit(io_setup(charge, &context) != 0);
	}
	report("vforked", (uint64_t)child);
	waitpid(child, NULL, 0);
	wait_for_test();
}

/* Reaps four requests and leaves four unreaped. */
static void half_reaped(void)
{
	aio_context_t context = set_up(charge);
	struct io_event events[4];

	leave_unreaped(context, 8);
	if (io_getevents(context, 4, 4, events) != 4)
		fail("call io_getevents");
	report("unreaped", 4);
	wait_for_test();
	destroy_and_report(context);
}

/* The kernel can cancel a poll of an empty pipe, but waits for reads of a slow device. */
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
		fail("submit a poll");
	if (outstanding) {
		int fd = open_device();

		report("submitted", now());
		submit_reads(context, fd, outstanding);
	}
	report("outstanding", (uint64_t)outstanding + 1);
	wait_for_test();
	destroy_and_report(context);
}

static int open_file(const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDWR | flags);
	if (fd < 0)
		fail("open %s", path);
	return fd;
}

/*
 * Submits one request of each kind: reads and writes of one and of two blocks of the file `data`, both kinds of fsync of
 * the file `dirty` with a dirty block, and a poll of an empty pipe.
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
		fail("call fstat");
	if (pwrite(dirty, two[0].iov_base, BLOCK, 0) != BLOCK)
		fail("call pwrite");
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
		fail("call io_submit");
	report("pipe", pipe.st_ino);
	wait_for_test();
	destroy_and_report(context);
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

/* Starts a thread that destroys the context, and returns when the thread blocks. */
static void begin_destroyer(struct destroyer *destroyer)
{
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&destroyer->thread, NULL, run_destroyer, destroyer))
		fail("call pthread_create");
	pthread_barrier_wait(&barrier);
	wait_until_blocked(destroyer->tid, SYS_io_destroy);
	report("destroyer", (uint64_t)destroyer->tid);
}

/* Two threads destroy one context concurrently: one gets 0, the other EINVAL. */
static void race(void)
{
	for (int round = 0; round < count; round++) {
		struct destroyer both[2];
		aio_context_t context = set_up(charge);

		pthread_barrier_init(&barrier, NULL, 2);
		for (int i = 0; i < 2; i++) {
			both[i].context = context;
			if (pthread_create(&both[i].thread, NULL, run_destroyer, &both[i]))
				fail("call pthread_create");
		}
		for (int i = 0; i < 2; i++) {
			pthread_join(both[i].thread, NULL);
			report(both[i].error ? "loser" : "winner", (uint64_t)both[i].tid);
			report("errno", (uint64_t)both[i].error);
		}
		pthread_barrier_destroy(&barrier);
	}
}

/* Many threads wait in io_destroy concurrently, each for its own context and all for the same slow device. */
static void many_destroyers(void)
{
	struct destroyer *all = calloc((size_t)count, sizeof(*all));
	int fd = open_device(), failed = 0;

	if (!all)
		fail("call calloc");
	pthread_barrier_init(&barrier, NULL, (unsigned)count);
	for (int i = 0; i < count; i++) {
		if (io_setup(charge, &all[i].context))
			fail("call io_setup");
		submit_reads(all[i].context, fd, 1);
		if (pthread_create(&all[i].thread, NULL, run_destroyer, &all[i]))
			fail("call pthread_create");
	}
	for (int i = 0; i < count; i++) {
		pthread_join(all[i].thread, NULL);
		failed += all[i].error != 0;
	}
	report("destroyed", (uint64_t)(count - failed));
	report("failed", (uint64_t)failed);
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
		fail("call pthread_create");
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

/* --count pairs: a thread is inside io_submit, reading from an empty pipe, while another destroys the context. */
static void sibling(void)
{
	struct pair *all = calloc((size_t)count, sizeof(*all));

	if (!all)
		fail("call calloc");
	for (int i = 0; i < count; i++)
		begin_pair(&all[i]);
	report("siblings", (uint64_t)count);
	wait_for_test();
	usleep((useconds_t)(seconds * 1e6));
	for (int i = 0; i < count; i++) {
		if (write(all[i].ends[1], "x", 1) != 1)
			fail("call write");
	}
	for (int i = 0; i < count; i++) {
		pthread_join(all[i].destroyer.thread, NULL);
		pthread_join(all[i].thread, NULL);
		report("errno", (uint64_t)all[i].destroyer.error);
	}
}

/* ---- missing memory ---- */

/* From now on, threads and kernel code that access this memory block until it is filled. */
static int begin_faults(void *memory, size_t size)
{
	int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)memory, size}, .mode = UFFDIO_REGISTER_MODE_MISSING};

	if (faults < 0 || ioctl(faults, UFFDIO_API, &api))
		fail("call userfaultfd");
	if (ioctl(faults, UFFDIO_REGISTER, &range))
		fail("register memory for userfaultfd");
	return faults;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Fills the first page of the memory, which wakes all that wait for it. */
static void fill(int faults, void *memory, const void *page)
{
	struct uffdio_copy copy = {.dst = (uintptr_t)memory, .src = (uintptr_t)page, .len = page_size()};

	if (ioctl(faults, UFFDIO_COPY, &copy))
		fail("fill memory through userfaultfd");
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

/* A thread is inside io_getevents, which blocks on its events buffer, while another destroys the context. */
static void reaping(void)
{
	static unsigned page[MAX_PAGE / sizeof(unsigned)];
	void *memory = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct reaper reaper = {.context = set_up(charge), .events = memory};
	struct destroyer destroyer = {.context = reaper.context};
	pthread_t thread;
	int faults, tid;

	if (memory == MAP_FAILED)
		fail("call mmap");
	leave_unreaped(reaper.context, 1);
	faults = begin_faults(memory, page_size());
	if (pthread_create(&thread, NULL, run_reaper, &reaper))
		fail("call pthread_create");
	while (!(tid = __atomic_load_n(&reaper.tid, __ATOMIC_ACQUIRE)))
		usleep(1000);
	wait_until_blocked(tid, SYS_io_getevents);
	begin_destroyer(&destroyer);
	wait_for_test();
	fill(faults, memory, page);
	pthread_join(destroyer.thread, NULL);
	pthread_join(thread, NULL);
	report("errno", (uint64_t)destroyer.error);
}

/*
 * Calls fchown32 of the 32-bit ABI: its number is that of io_destroy, and its argument looks like a handle. On arm64, 64-bit
 * programs cannot make 32-bit calls.
 */
static void chown_32(void)
{
#if defined(__x86_64__)
	long number = SYS_io_destroy;
	int fd = open(device, O_RDONLY);

	if (fd < 0)
		fail("open %s", device);
	asm volatile("int $0x80"
		     : "+a"(number)
		     : "b"(fd), "c"(-1), "d"(-1), "D"(16L * BLOCK)
		     : "memory", "r8", "r9", "r10", "r11");
#else
	errno = ENOSYS;
	fail("call fchown32");
#endif
}

/* ---- a file system that blocks reads ---- */

static void answer(int fuse, const struct fuse_in_header *request, int error, void *body, size_t size)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size), .error = -error, .unique = request->unique};
	struct iovec parts[] = {{&header, sizeof(header)}, {body, size}};

	if (writev(fuse, parts, size ? 2 : 1) < 0 && errno != ENOENT)
		fail("answer FUSE request %u", request->opcode);
}

/* Answers all requests except reads. */
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

/* Mounts a FUSE file over --device and serves it until stdin ends; when the server exits or is killed, reads fail. */
static void blocking_fuse(void)
{
	static char buffer[FUSE_MIN_READ_BUFFER + 64 * BLOCK] __attribute__((aligned(8)));
	struct pollfd both[] = {{.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC), .events = POLLIN},
				{.fd = STDIN_FILENO, .events = POLLIN}};
	char options[64];

	if (both[0].fd < 0)
		fail("open /dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=100444,user_id=0,group_id=0", both[0].fd);
	if (mount("aiowork", device, "fuse", MS_NOSUID | MS_NODEV, options))
		fail("call mount");
	report("mounted", 1);
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
	report("errno", (uint64_t)error);
}

static void wrong_handles(void)
{
	aio_context_t context = set_up(charge), destroyed = set_up(charge);
	pid_t child;
	int status;

	if (io_destroy(destroyed))
		fail("call io_destroy");
	refused_handle("zero", 0);
	refused_handle("destroyed", destroyed);
	refused_handle("junk", 0xdeadbeef000);
	fflush(stdout);
	child = fork();
	if (child < 0)
		fail("call fork");
	if (!child) {
		report("child", (uint64_t)getpid());
		refused_handle("inherited", context);
		_exit(0);
	}
	waitpid(child, &status, 0);
	report("returned", now());
}

/* The size of the ring in /proc/self/maps, bytes. */
static size_t ring_size(aio_context_t context)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long begin, end;
	char line[512];

	if (!maps)
		fail("open /proc/self/maps");
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &begin, &end) == 2 && begin == context) {
			fclose(maps);
			return end - begin;
		}
	}
	fail("find ring at %#lx", (unsigned long)context);
}

/* Corrupts the ring of the last of many contexts. */
static void corrupted_last(void)
{
	aio_context_t corrupted = 0;

	for (int i = 0; i < count; i++)
		corrupted = set_up(charge);
	*(unsigned *)corrupted = 0xdead;
	refused_handle("corrupted", corrupted);
}

/* Each way in which a program can spoil the ring of a live context. */
static void spoiled_rings(void)
{
	aio_context_t corrupted = set_up(charge), moved = set_up(charge), covered = set_up(charge),
		      unmapped = set_up(charge), cleared = set_up(charge);
	size_t size = ring_size(covered);
	unsigned *id = (unsigned *)corrupted, old = *id, slot = *(unsigned *)covered;
	void *room;

	*id = 0xdead;
	refused_handle("corrupted", corrupted);
	*id = old;
	destroy_and_report(corrupted);

	/* Of the ring's beginning only the id remains, which the kernel needs. */
	memset((unsigned *)cleared + 1, 0, 4 * sizeof(unsigned));
	report("cleared", cleared);
	destroy_and_report(cleared);

	room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mremap((void *)moved, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, room) == MAP_FAILED)
		fail("call mremap");
	refused_handle("moved", moved);
	report("moved_to", (uint64_t)(uintptr_t)room);
	report("errno", (uint64_t)errno_of(io_destroy((aio_context_t)(uintptr_t)room)));

	/* Replaces the ring by other memory that contains the id: the kernel unmaps it. */
	if (mmap((void *)covered, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		fail("call mmap");
	*(unsigned *)covered = slot;
	report("covered", covered);
	report("errno", (uint64_t)errno_of(io_destroy(covered)));

	if (munmap((void *)unmapped, size))
		fail("call munmap");
	refused_handle("unmapped", unmapped);
}

/* Passes a destroyed handle to each call that takes one. */
static void use_destroyed(aio_context_t destroyed)
{
	struct iocb request = {0};
	struct io_event event;

	report("submit", (uint64_t)errno_of(io_submit(destroyed, 0, NULL)));
	report("getevents", (uint64_t)errno_of(io_getevents(destroyed, 0, 0, NULL)));
	report("pgetevents", (uint64_t)errno_of((int)syscall(SYS_io_pgetevents, destroyed, 0, 0, NULL, NULL, NULL)));
	report("cancel", (uint64_t)errno_of((int)syscall(SYS_io_cancel, destroyed, &request, &event)));
}

/* Uses a handle after its io_destroy, and after mremap and io_setup give it to another context. */
static void used_handles(void)
{
	aio_context_t other = set_up(charge), destroyed = set_up(charge), again;
	size_t size = ring_size(other);

	if (io_destroy(destroyed))
		fail("call io_destroy");
	report("destroyed", destroyed);
	use_destroyed(destroyed);

	if (mremap((void *)other, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)destroyed) == MAP_FAILED)
		fail("call mremap");
	report("moved", (uint64_t)errno_of(io_submit(destroyed, 0, NULL)));
	if (io_destroy(destroyed))
		fail("call io_destroy");
	report("moved_and_destroyed", (uint64_t)errno_of(io_submit(destroyed, 0, NULL)));

	again = set_up(charge);
	report("again", again);
	report("again", (uint64_t)errno_of(io_submit(again, 0, NULL)));
	if (io_destroy(again))
		fail("call io_destroy");
	refused_handle("junk", 0xdeadbeef000);
}

/*
 * Two threads are inside io_destroy before either has found the context: its id is in memory that is filled only when
 * both wait for it.
 */
static void lost_race(void)
{
	aio_context_t context = set_up(charge);
	static unsigned page[MAX_PAGE / sizeof(unsigned)];
	size_t size = ring_size(context);
	struct destroyer both[2];
	int faults;

	page[0] = *(unsigned *)context;
	if (mmap((void *)context, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		fail("call mmap");
	faults = begin_faults((void *)context, size);
	pthread_barrier_init(&barrier, NULL, 3);
	for (int i = 0; i < 2; i++) {
		both[i].context = context;
		if (pthread_create(&both[i].thread, NULL, run_destroyer, &both[i]))
			fail("call pthread_create");
	}
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 2; i++)
		wait_until_blocked(both[i].tid, SYS_io_destroy);
	fill(faults, (void *)context, page);
	for (int i = 0; i < 2; i++) {
		pthread_join(both[i].thread, NULL);
		report(both[i].error ? "loser" : "winner", (uint64_t)both[i].tid);
	}
}

/* Calls io_destroy while another io_destroy of the context waits for its requests. */
static void destroyed_twice(void)
{
	struct destroyer first = {.context = context_with_requests()};

	begin_destroyer(&first);
	refused_handle("waiting", first.context);
	pthread_join(first.thread, NULL);
	refused_handle("drained", first.context);
}

/* Makes the calls while a seccomp filter refuses them with EPERM. */
static void filtered(void)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_setup, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_destroy, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(instructions) / sizeof(instructions[0]), instructions};
	aio_context_t context = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		fail("set a seccomp filter");
	for (int i = 0; i < count; i++)
		report("errno", (uint64_t)errno_of(io_setup(charge, &context)));
	report("errno", (uint64_t)errno_of(io_destroy(4096)));
}

/* Calls io_setup beyond the quota, and with invalid arguments. */
static void refused(void)
{
	aio_context_t context = 0;

	report("setup", charge);
	report("errno", (uint64_t)errno_of(io_setup(charge, &context)));
	report("setup", 0);
	report("errno", (uint64_t)errno_of(io_setup(0, &context)));
	context = 1;
	report("setup", 1);
	report("errno", (uint64_t)errno_of(io_setup(1, &context)));
}

/* Retries io_setup until it succeeds. */
static void persist(void)
{
	aio_context_t context = 0;
	uint64_t tries = 1;

	for (; io_setup(charge, &context); tries++) {
		if (errno != EAGAIN)
			fail("call io_setup");
		if (tries == 1)
			report("refused", now());
		usleep(50000);
	}
	report("granted", now());
	report("tries", tries);
}

/* io_setup cannot write the handle to read-only memory and rolls the context back. */
static void rollback(void)
{
	void *page = mmap(NULL, BLOCK, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		fail("call mmap");
	report("errno", (uint64_t)errno_of(io_setup(charge, page)));
	report("aio_nr_after", aio_nr());
}

/* ---- many ---- */

/* Sets up contexts and leaves them to the exit of the process. */
static void many(void)
{
	for (int i = 0; i < count; i++) {
		aio_context_t context = 0;

		if (io_setup(charge, &context))
			fail("set up context %d", i);
	}
	report("contexts", (uint64_t)count);
	report("aio_nr", aio_nr());
	wait_for_test();
}

/*
 * Children set contexts up and exit without destroying them, one after another. Each exits only when the next has all of
 * its contexts, so at least one child always holds all of its contexts.
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
			fail("call pipe");
		pid_t child = fork();

		if (child < 0)
			fail("call fork");
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
			fail("call pipe");
		close(has_all[0]);
		if (before) {
			close(release_before);
			if (waitpid(before, &status, 0) != before || status)
				fail("get exit status 0 of child, got %#x", status);
		}
		before = child;
		release_before = release[1];
		contexts += (uint64_t)count;
	} while (now() < end);
	report("contexts", contexts);
}

/* Calls io_setup with an invalid argument repeatedly. */
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
	report("refusals", refusals);
}

/* Up to 256 concurrent processes set a context up and exit. */
static void swarm(void)
{
	int alive = 0, status;
	uint64_t contexts = 0;

	for (int started = 0; started < count || alive;) {
		if (started < count && alive < 256) {
			pid_t child = fork();

			if (child < 0)
				fail("call fork");
			if (!child) {
				aio_context_t context = 0;

				_exit(io_setup(charge, &context) != 0);
			}
			started++;
			alive++;
			continue;
		}
		if (wait(&status) < 0)
			fail("call wait");
		alive--;
		contexts += !status;
	}
	report("contexts", contexts);
}

static void set_up_and_destroy(void)
{
	aio_context_t context = 0;

	if (io_setup(charge, &context) || io_destroy(context))
		fail("call io_setup or io_destroy");
}

/* The same in a new process and program, and its exit. */
static void run_program(void)
{
	char number[16];
	char *arguments[] = {"aiowork", "program", "--charge", number, NULL};
	pid_t child;
	int status;

	snprintf(number, sizeof(number), "%u", charge);
	if ((errno = posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ)))
		fail("start a program");
	if (waitpid(child, &status, 0) < 0 || status)
		fail("run a program");
}

/* Threads set up and destroy --count contexts per second; there are enough that none delays another. */
#define PACERS 128

static void (*paced_step)(void);
static uint64_t paced_until;
static uint64_t paced_contexts;

static void *pacer(void *number)
{
	uint64_t period = PACERS * 1000000000ull / (uint64_t)count;
	uint64_t next = now() + (uint64_t)(uintptr_t)number * period / PACERS;

	for (; next < paced_until; next += period) {
		struct timespec time = {(time_t)(next / 1000000000u), (long)(next % 1000000000u)};

		clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &time, NULL);
		paced_step();
		__atomic_add_fetch(&paced_contexts, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void pace(void (*step)(void))
{
	pthread_t threads[PACERS];

	paced_step = step;
	paced_until = now() + (uint64_t)(seconds * 1e9);
	for (uintptr_t i = 0; i < PACERS; i++)
		if (pthread_create(&threads[i], NULL, pacer, (void *)i))
			fail("call pthread_create");
	for (int i = 0; i < PACERS; i++)
		pthread_join(threads[i], NULL);
	report("contexts", paced_contexts);
}

static void paced(void) { pace(set_up_and_destroy); }

static void paced_programs(void) { pace(run_program); }

/* A child has its parent's ring in its memory, but no context. */
static void forked(void)
{
	set_up(charge);

	pid_t child = fork();

	if (child < 0)
		fail("call fork");
	if (!child) {
		pause();
		_exit(0);
	}
	report("child", (uint64_t)child);
	wait_for_test();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void *run_on(void *none)
{
	(void)none;
	aio_context_t context = context_with_requests();

	wait_for_test();
	destroy_and_report(context);
	exit(0);
}

/* The first thread exits before the thread that sets up and destroys the context. */
static void leaderless(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_on, NULL))
		fail("call pthread_create");
	pthread_exit(NULL);
}

/* Drops the page of the arguments, and with it the stack of the first thread. */
static void *run_without_arguments(void *none)
{
	uintptr_t arguments = (uintptr_t)program_invocation_name, page = page_size();

	wait_until_blocked(getpid(), SYS_futex);
	if (madvise((void *)(arguments / page * page), page, MADV_DONTNEED))
		fail("call madvise");
	return run_on(none);
}

/* The memory of the arguments is not present when a context is set up, as after it was paged out. */
static void absent_arguments(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_without_arguments, NULL))
		fail("call pthread_create");
	pthread_join(thread, NULL);
}

static void *run_named(void *none)
{
	prctl(PR_SET_NAME, "an-io-thread");
	return run_on(none);
}

/* The first thread and the thread that sets up and destroys the context have different names. */
static void named_threads(void)
{
	pthread_t thread;

	prctl(PR_SET_NAME, "a-database");
	if (pthread_create(&thread, NULL, run_named, NULL))
		fail("call pthread_create");
	pause();
}

static int number(const char *name, const char *text)
{
	char *rest;
	long value = text ? strtol(text, &rest, 10) : -1;

	if (value < 0 || *rest) {
		fprintf(stderr, "aiowork: %s requires a number\n", name);
		exit(2);
	}
	return (int)value;
}

static void parse(char **argument)
{
	for (; *argument; argument++) {
		/* The path of a script whose interpreter this program is. */
		if (**argument == '/')
			continue;
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
		else if (!strcmp(name, "--directory") && *argument)
			directory = *argument;
		else if (!strcmp(name, "--ignored") && *argument)
			continue;
		else {
			fprintf(stderr, "aiowork: unknown option %s\n%s", name, usage);
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
		{"forked", forked},   {"leaderless", leaderless}, {"named-threads", named_threads},
		{"persist", persist}, {"storm", storm}, {"swarm", swarm},
		{"spoiled-rings", spoiled_rings}, {"destroyed-twice", destroyed_twice},
		{"corrupted-last", corrupted_last},
		{"used-handles", used_handles}, {"lost-race", lost_race}, {"operations", operations},
		{"reaping", reaping}, {"blocking-fuse", blocking_fuse}, {"paced", paced},
		{"chown-32", chown_32}, {"filtered", filtered}, {"other-root", other_root},
		{"children", children}, {"absent-arguments", absent_arguments},
		{"paced-programs", paced_programs},
	};

	if (argc >= 2 && !strcmp(argv[1], "after-exec")) {
		report("executed", (uint64_t)getpid());
		return 0;
	}
	if (!argc || !*argv[0]) {
		waits = true;
		destroy();
		return 0;
	}
	if (argc < 2) {
		fputs(usage, stderr);
		return 2;
	}
	parse(argv + 2);
	if (!strcmp(argv[1], "program")) {
		set_up_and_destroy();
		return 0;
	}
	report("pid", (uint64_t)getpid());
	if (!strcmp(argv[1], "exec"))
		exec(argv[0]);
	if (!strcmp(argv[1], "exec-between"))
		exec_between(argv[0]);
	if (!strcmp(argv[1], "exec-without-arguments"))
		exec_without_arguments(argv[0]);
	if (!strcmp(argv[1], "exec-memory"))
		exec_memory(argv[0]);
	if (!strcmp(argv[1], "deleted")) {
		run_deleted(argv[0]);
		return 0;
	}
	for (size_t i = 0; i < sizeof(situations) / sizeof(*situations); i++) {
		if (!strcmp(argv[1], situations[i].name)) {
			situations[i].run();
			return 0;
		}
	}
	fprintf(stderr, "aiowork: unknown situation %s\n%s", argv[1], usage);
	return 2;
}
