// SPDX-License-Identifier: Apache-2.0
/* A 32-bit x86 program, without libraries, that sets up a context, prints "ready 1" and waits until it is killed. */
#define IO_SETUP 245
#define WRITE 4
#define PAUSE 29

static long call(long number, long first, const void *second, long third)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory");
	return result;
}

void _start(void)
{
	static unsigned long context;
	static const char ready[] = "ready 1\n", failed[] = "failed 1\n";
	int is_set_up = !call(IO_SETUP, 64, &context, 0);

	call(WRITE, 1, is_set_up ? ready : failed, sizeof(ready) - 1);
	for (;;)
		call(PAUSE, 0, 0, 0);
}
