#include "lib/machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MAGIC_TMPFS 0x01021994u
#define MAGIC_RAMFS 0x858458f6u

static const struct {
	unsigned long magic;
	const char *name;
} file_systems[] = {
    {0xef53, "ext4 (or ext2, ext3)"},
    {0x58465342, "xfs"},
    {0x9123683e, "btrfs"},
    {0xf2f52010, "f2fs"},
    {0x2fc12fc1, "zfs"},
    {0x794c7630, "overlayfs"},
    {0x6969, "nfs"},
    {MAGIC_TMPFS, "tmpfs"},
    {MAGIC_RAMFS, "ramfs"},
};

static const char *file_system_name(unsigned long magic)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		if (file_systems[i].magic == magic)
			return file_systems[i].name;
	return "unknown";
}

/* First line of a file below the device's queue/ directory; a partition has none of its own, its
 * disk has. */
static void queue_line(dev_t device, const char *name, char *out, size_t cap)
{
	static const char *const places[] = {"queue", "../queue"};

	snprintf(out, cap, "?");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char path[128];
		FILE *file;
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/%s", major(device), minor(device),
		         places[i], name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(out, (int)cap, file))
			out[strcspn(out, "\n")] = '\0';
		fclose(file);
		return;
	}
}

/* The value behind "name : " in /proc/cpuinfo or /proc/meminfo. */
static void proc_line(const char *path, const char *name, char *out, size_t cap)
{
	char line[256];
	FILE *file = fopen(path, "re");

	snprintf(out, cap, "?");
	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');
		if (!value || strncmp(line, name, strlen(name)) != 0)
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(out, cap, "%.*s", (int)strcspn(value, "\n"), value);
		break;
	}
	if (file)
		fclose(file);
}

static void describe_host(FILE *file, const char *prefix)
{
	struct utsname kernel = {.release = "?", .machine = "?"};
	char processor[128], memory[64];

	uname(&kernel);
	proc_line("/proc/cpuinfo", "model name", processor, sizeof(processor));
	proc_line("/proc/meminfo", "MemTotal", memory, sizeof(memory));
	fprintf(file, "%smachine    Linux %s %s, %ld x %s, %s of memory\n", prefix, kernel.release,
	        kernel.machine, sysconf(_SC_NPROCESSORS_ONLN), processor, memory);
}

static void describe_disk(const char *directory, const char *name, FILE *file, const char *prefix)
{
	struct stat info;
	char cache[64], fua[16], scheduler[64];

	if (stat(directory, &info) != 0)
		return;
	queue_line(info.st_dev, "write_cache", cache, sizeof(cache));
	queue_line(info.st_dev, "fua", fua, sizeof(fua));
	queue_line(info.st_dev, "scheduler", scheduler, sizeof(scheduler));
	fprintf(file, "%sdisk       %s, device %u:%u, write cache %s, fua %s, scheduler %s\n", prefix,
	        name, major(info.st_dev), minor(info.st_dev), cache, fua, scheduler);
}

bool machine_describe(const char *directory, FILE *file, const char *prefix)
{
	struct statfs fs;
	const char *name = "unknown";
	unsigned long magic = 0;

	if (statfs(directory, &fs) == 0) {
		magic = (unsigned long)fs.f_type & 0xffffffffu;
		name = file_system_name(magic);
	}
	describe_host(file, prefix);
	describe_disk(directory, name, file, prefix);
	if (magic != MAGIC_TMPFS && magic != MAGIC_RAMFS)
		return true;
	fprintf(file,
	        "%sWARNING    the directory is in memory (%s): syncs cost nothing there. Choose one on "
	        "a disk with --dir.\n",
	        prefix, name);
	return false;
}

bool machine_print(const char *directory)
{
	printf("directory  %s\n", directory);
	return machine_describe(directory, stdout, "");
}
