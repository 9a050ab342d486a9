/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static int trim_object(struct dl_phdr_info *object, size_t size, void *data)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)data;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		/* A writable segment holds data, and RELRO was written before it was protected:
		 * both have PF_W. Text relocations would be lost too; nothing here is built so. */
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		uintptr_t start = (uintptr_t)object->dlpi_addr + segment->p_vaddr;
		uintptr_t end = start + segment->p_filesz;
		start &= ~(page - 1);
		end = (end + page - 1) & ~(page - 1);
		/* Advice: an error changes nothing. */
		madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 0;
}

void trim_code(void)
{
	dl_iterate_phdr(trim_object, NULL);
}

void trim_memory(void)
{
	malloc_trim(0);
	trim_code();
}
