// SPDX-FileCopyrightText: The nfv.vnet developers
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A ptrace(2) for User-mode Linux before 6.13 on a processor with AMX.
//
// That User-mode Linux keeps 2696 bytes of the registers of a process, and those of AMX lie behind them. The kernel gives
// so few bytes, but takes only all that it knows of; fewer are EFAULT. Here the others are zero, as the header in front of
// the registers calls them unused.

#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define EXTENDED_STATE 0xd // the leaf of CPUID
#define MOST 65536

static long (*of_libc)(enum __ptrace_request, ...);
static unsigned int size;

__attribute__((constructor)) static void prepare(void)
{
    unsigned int eax, ebx, ecx, edx;

    of_libc = dlsym(RTLD_NEXT, "ptrace");
    if (__get_cpuid_count(EXTENDED_STATE, 0, &eax, &ebx, &ecx, &edx) && ebx <= MOST)
        size = ebx;
}

long ptrace(enum __ptrace_request request, ...)
{
    static char registers[MOST] __attribute__((aligned(64))); // not on the stack: that of the kernel is small
    struct iovec *given, whole = {registers, size};
    void *address, *data;
    va_list words;
    pid_t process;

    va_start(words, request);
    process = va_arg(words, pid_t);
    address = va_arg(words, void *);
    data = va_arg(words, void *);
    va_end(words);
    given = data;
    if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE && given->iov_len < size) {
        memset(registers, 0, size);
        memcpy(registers, given->iov_base, given->iov_len);
        data = &whole;
    }
    return of_libc(request, process, address, data);
}
