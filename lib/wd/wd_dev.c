/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 the wd authors
 */

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_string_fns.h>

#include "wd_private.h"

#define WD_ARG_DEV "dev"
#define WD_ARG_STALL_MS "stall_ms"
#define WD_SIM "sim"
#define WD_UACCE "uacce"
#define WD_DEFAULT_STALL_MS 10000

RTE_LOG_REGISTER(wd_logtype, lib.wd, NOTICE);

static TAILQ_HEAD(, wd_transport) transports = TAILQ_HEAD_INITIALIZER(transports);

void
rte_wd_transport_register(struct wd_transport *transport)
{
	TAILQ_INSERT_TAIL(&transports, transport, next);
}

void
rte_wd_transport_unregister(struct wd_transport *transport)
{
	TAILQ_REMOVE(&transports, transport, next);
}

static struct wd_transport *
transport_by_name(const char *name)
{
	struct wd_transport *t;

	TAILQ_FOREACH(t, &transports, next) {
		if (strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

/*
 * The software device is a shared object of its own that adds itself to the
 * transports: beside this library in a build tree, in the same folder when installed.
 */
static struct wd_transport *
sim_load(void)
{
	static const char *const places[] = { "/../sim/librte_wd_sim.so", "/librte_wd_sim.so" };
	struct wd_transport *sim = transport_by_name(WD_SIM);
	char path[PATH_MAX], *slash;
	Dl_info self;

	if (sim != NULL)
		return sim;
	if (dladdr(&transports, &self) == 0 || rte_strscpy(path, self.dli_fname, sizeof(path)) < 0)
		return NULL;
	slash = strrchr(path, '/');
	for (unsigned int i = 0; slash != NULL && i < RTE_DIM(places); i++) {
		if (rte_strscpy(slash, places[i], sizeof(path) - (size_t)(slash - path)) < 0)
			break;
		if (dlopen(path, RTLD_NOW) != NULL)
			return transport_by_name(WD_SIM);
		WD_LOG(DEBUG, "no software device at %s: %s", path, dlerror());
	}
	WD_LOG(ERR, "cannot load the software device, librte_wd_sim.so beside %s", self.dli_fname);
	return NULL;
}

int
rte_wd_dev_iterate(rte_wd_dev_cb cb, void *arg)
{
	struct wd_transport *t;

	TAILQ_FOREACH(t, &transports, next) {
		const int rc = t->scan(cb, arg);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static bool
has_token(const char *list, const char *token)
{
	const size_t len = strlen(token);

	while (*list != '\0') {
		const size_t n = strcspn(list, "\n");

		if (n == len && memcmp(list, token, len) == 0)
			return true;
		list += n + (list[n] == '\n');
	}
	return false;
}

/* Whether a driver of the class knows the device. */
static bool
class_matches(enum wd_class class, const struct rte_wd_dev_info *info)
{
	static const char *const tokens[][4] = {
		[WD_CLASS_SEC] = { "cipher", "digest", "aead" },
		[WD_CLASS_ZIP] = { "zlib", "gzip", "deflate" },
		[WD_CLASS_EDU] = { "copy" },
	};
	bool has = false;

	for (unsigned int i = 0; tokens[class][i] != NULL; i++)
		has |= has_token(info->algorithms, tokens[class][i]);
	return has && (class == WD_CLASS_EDU || rte_wd_hw_by_api(info->api) != NULL);
}

struct find {
	enum wd_class class;
	const char *name; /* NULL: any of the class that has a queue left */
	struct rte_wd_dev_info found;
	bool wrong_class;
};

static int
find_cb(const struct rte_wd_dev_info *info, void *arg)
{
	struct find *find = arg;

	if (find->name != NULL && strcmp(find->name, info->name) != 0)
		return 0;
	if (!class_matches(find->class, info)) {
		find->wrong_class = find->name != NULL;
		return 0;
	}
	if (find->name == NULL && info->available_queues <= 0)
		return 0;
	if (find->name == NULL && (info->flags & (RTE_WD_FLAG_SVA | RTE_WD_FLAG_REGISTERED)) == 0) {
		WD_LOG(NOTICE, "device %s is passed over: it neither shares page tables nor has registered memory",
				info->name);
		return 0;
	}
	find->found = *info;
	return 1;
}

/* Which device the devargs lead to: its transport and, in name, what it is called there. */
static int
dev_find(enum wd_class class, const char *wanted, struct wd_transport **transport, char *name)
{
	struct find find = { .class = class, .name = wanted };
	struct wd_transport *t;

	*transport = NULL;
	if (wanted == NULL || strcmp(wanted, WD_SIM) != 0) {
		TAILQ_FOREACH(t, &transports, next) {
			if (strcmp(t->name, WD_SIM) == 0 || t->scan(find_cb, &find) != 1)
				continue;
			*transport = t;
			rte_strscpy(name, find.found.name, RTE_WD_NAME_LEN);
			return 0;
		}
		if (find.wrong_class) {
			WD_LOG(ERR, "device %s is not one that this driver drives", wanted);
			return -ENODEV;
		}
		if (wanted != NULL) {
			/* the transport knows why it is not there, and says so at open */
			*transport = transport_by_name(WD_UACCE);
			return rte_strscpy(name, wanted, RTE_WD_NAME_LEN) < 0 ? -ENODEV : 0;
		}
		if (class != WD_CLASS_EDU)
			WD_LOG(NOTICE,
					"no accelerator found, using the software device (dev=" WD_SIM
					")");
	}
	if (class == WD_CLASS_EDU) {
		WD_LOG(ERR, "no device of wd_edu.ko found, and the software device is not one");
		return -ENODEV;
	}
	*transport = sim_load();
	rte_strscpy(name, WD_SIM, RTE_WD_NAME_LEN);
	return *transport == NULL ? -ENODEV : 0;
}

static bool
is_in(const char *key, const char *const list[])
{
	for (; *list != NULL; list++) {
		if (strcmp(key, *list) == 0)
			return true;
	}
	return false;
}

static int
keys_check(const struct wd_dev *dev, const struct rte_kvargs *args, const char *const own_keys[])
{
	static const char *const common[] = { WD_ARG_DEV, WD_ARG_STALL_MS, NULL };

	for (unsigned int i = 0; args != NULL && i < args->count; i++) {
		const char *key = args->pairs[i].key;

		if (!is_in(key, common) && !is_in(key, own_keys) &&
				!is_in(key, dev->transport->options)) {
			WD_LOG(ERR, "device %s: unknown option %s=", dev->name, key);
			return -EINVAL;
		}
		/* rte_kvargs_get() cannot tell it from a key that is not there */
		if (args->pairs[i].value == NULL) {
			WD_LOG(ERR, "device %s: option %s has no value", dev->name, key);
			return -EINVAL;
		}
	}
	return 0;
}

int
rte_wd_arg_u32(const struct rte_kvargs *args, const char *key, uint32_t min, uint32_t max,
		uint32_t *value)
{
	const char *text = args == NULL ? NULL : rte_kvargs_get(args, key);
	unsigned long number;
	char *end;

	if (text == NULL)
		return 0;
	errno = 0;
	number = strtoul(text, &end, 0);
	/* strtoul() takes blanks and signs */
	if (text[0] < '0' || text[0] > '9' || errno != 0 || *end != '\0' || number < min ||
			number > max) {
		WD_LOG(ERR, "%s=%s is not a number from %u to %u", key, text, min, max);
		return -EINVAL;
	}
	*value = (uint32_t)number;
	return 0;
}

int
rte_wd_dev_open(enum wd_class class, const struct rte_kvargs *args, const char *const own_keys[],
		struct wd_dev **out)
{
	struct wd_transport *transport;
	struct wd_dev *dev;
	int rc;

	/* shared memory: a secondary process looks at it too */
	dev = rte_zmalloc("wd_dev", sizeof(*dev), 0);
	if (dev == NULL)
		return -ENOMEM;
	dev->class = class;
	dev->stall_ms = WD_DEFAULT_STALL_MS;
	rc = dev_find(class, args == NULL ? NULL : rte_kvargs_get(args, WD_ARG_DEV), &transport,
			dev->name);
	if (rc != 0)
		goto free_dev;
	dev->transport = transport;
	rc = keys_check(dev, args, own_keys);
	if (rc == 0)
		rc = rte_wd_arg_u32(args, WD_ARG_STALL_MS, 0, INT32_MAX, &dev->stall_ms);
	if (rc == 0)
		rc = transport->open(dev, args);
	if (rc != 0)
		goto free_dev;
	if (!dev->sva || transport->map_with_sva) {
		rc = wd_mem_attach(dev);
		if (rc != 0)
			goto close_dev;
	}
	WD_LOG(NOTICE, "using device %s (%s, hw=%s, sva=%d)", dev->name, transport->name,
			dev->hw == NULL ? "none" : dev->hw->name, dev->sva);
	*out = dev;
	return 0;

close_dev:
	transport->close(dev);
free_dev:
	rte_free(dev);
	return rc;
}

void
rte_wd_dev_close(struct wd_dev *dev)
{
	if (dev == NULL)
		return;
	if (dev->mem != NULL)
		wd_mem_detach(dev);
	dev->transport->close(dev);
	rte_free(dev);
}
