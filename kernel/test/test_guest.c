/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

/* The guest is what the other programs take it for. */

#include "ktap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define HUGEPAGE (2UL << 20)
#define PCI_DEVICES "/sys/bus/pci/devices"
#define EDU_ID "0x1234 0x11e8"

/* Whether some line of the file begins with the word; its rest goes to value. */
static bool
find_line(const char *path, const char *word, char *value, size_t size)
{
	FILE *file = fopen(path, "r");
	const size_t len = strlen(word);
	char line[4096];
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL) {
		found = strncmp(line, word, len) == 0;
		if (found && value != NULL) {
			line[len + size - 1 < sizeof(line) ? len + size - 1 : sizeof(line) - 1] =
					'\0';
			memcpy(value, line + len, strlen(line + len) + 1);
		}
	}
	fclose(file);
	return found;
}

static void
test_files(void)
{
	int fd = open("/usr/wd-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ktap_test(fd < 0 && errno == EROFS, "the root file system is read-only");
	fd = open("/tmp/wd-test", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ktap_test(fd >= 0 && unlink("/tmp/wd-test") == 0, "files can be written in /tmp");
	if (fd >= 0)
		close(fd);
	ktap_test(access("/dev/null", W_OK) == 0 && access("/dev/console", W_OK) == 0,
			"there are device nodes");
	ktap_test(access("/sys/kernel/debug/sleep_time", F_OK) == 0 ||
					access("/sys/kernel/debug/bdi", F_OK) == 0,
			"debugfs is mounted");
}

static void
test_memory(void)
{
	char free_pages[64] = "0";
	uint8_t *page;

	find_line("/proc/meminfo", "HugePages_Free:", free_pages, sizeof(free_pages));
	ktap_test(atoi(free_pages) >= 64, "64 hugepages are free (%d)", atoi(free_pages));
	page = mmap(NULL, HUGEPAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (ktap_test(page != MAP_FAILED, "a hugepage can be mapped")) {
		memset(page, 1, HUGEPAGE);
		ktap_test(munmap(page, HUGEPAGE) == 0, "and unmapped");
	}
	ktap_test(find_line("/proc/vmstat", "nr_foll_pin_acquired", NULL, 0),
			"the kernel counts pinned pages");
}

static void
test_hardening(void)
{
	static const char *const words[] = { "slub_debug=FZPU", "page_poison=1", "init_on_free=1",
		"panic_on_warn=1", "oops=panic" };
	char line[4096] = "", value[64] = "";
	unsigned int i;

	find_line("/proc/cmdline", "", line, sizeof(line));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ktap_test(strstr(line, words[i]) != NULL, "the kernel runs with %s", words[i]);
	find_line("/sys/kernel/slab/kmalloc-256/poison", "", value, sizeof(value));
	ktap_test(atoi(value) == 1, "slab objects are poisoned");
	find_line("/proc/sys/kernel/panic_on_warn", "", value, sizeof(value));
	ktap_test(atoi(value) == 1, "a warning is fatal");
}

/* Directory of QEMU's edu device, or NULL. */
static const char *
find_edu(void)
{
	static char path[512];
	char file[600], vendor[16], device[16], id[40];
	DIR *dir = opendir(PCI_DEVICES);
	const struct dirent *entry;
	const char *found = NULL;

	while (dir != NULL && found == NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), PCI_DEVICES "/%s", entry->d_name);
		snprintf(file, sizeof(file), "%s/vendor", path);
		if (!find_line(file, "", vendor, sizeof(vendor)))
			continue;
		snprintf(file, sizeof(file), "%s/device", path);
		find_line(file, "", device, sizeof(device));
		snprintf(id, sizeof(id), "%.6s %.6s", vendor, device);
		if (strcmp(id, EDU_ID) == 0)
			found = path;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static void
test_devices(void)
{
	const char *variant = getenv("WD_VARIANT"), *edu = find_edu();
	char file[600];

	if (variant == NULL || strcmp(variant, "plain") == 0) {
		ktap_test(edu == NULL, "there is no edu device");
		return;
	}
	if (!ktap_test(edu != NULL, "there is an edu device"))
		return;
	snprintf(file, sizeof(file), "%s/iommu_group", edu);
	if (strcmp(variant, "iommu") == 0)
		ktap_test(access(file, F_OK) == 0, "it is behind an IOMMU");
	else
		ktap_test(access(file, F_OK) != 0, "it is not behind an IOMMU");
}

int
main(void)
{
	ktap_start(0);
	test_files();
	test_memory();
	test_hardening();
	test_devices();
	return ktap_finish();
}
