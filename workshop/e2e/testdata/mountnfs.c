/*
 * mount.nfs for kernels without a client of NFS: it mounts a directory of a server by FUSE and
 * speaks NFS 3 to the server (libnfs). mount(8) starts it as it starts the one of nfs-utils,
 *
 *     mount.nfs SERVER:/PATH DIRECTORY [-sfnvN] [-o OPTIONS]
 *
 * and it returns when the mount is there; a process stays until the directory is unmounted. Of the
 * options it obeys ro and nfsvers (or vers), which must be 3: with NFS 4 the library did not write
 * 4000 bytes at once, and after more idleness than a lease lasts the server answered
 * NFS4ERR_EXPIRED.
 *
 * Every request is made in the name of its caller. Nothing is cached, so that hosts see at once
 * what others have written.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <nfsc/libnfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIE(...) do { fprintf(stderr, "mount.nfs: " __VA_ARGS__); exit(32); } while (0)

/* A mounted directory has one connection, which one thread uses. */
static struct nfs_context *nfs;

/* as_caller has the next requests made by whoever asked. */
static struct nfs_context *as_caller(void)
{
	struct fuse_context *c = fuse_get_context();
	nfs_set_uid(nfs, c->uid);
	nfs_set_gid(nfs, c->gid);
	return nfs;
}

static struct nfsfh *handle(struct fuse_file_info *f) { return (struct nfsfh *)(uintptr_t)f->fh; }

static void to_stat(const struct nfs_stat_64 *from, struct stat *to)
{
	memset(to, 0, sizeof *to);
	to->st_ino = from->nfs_ino;
	to->st_mode = from->nfs_mode;
	to->st_nlink = from->nfs_nlink;
	to->st_uid = from->nfs_uid;
	to->st_gid = from->nfs_gid;
	to->st_size = from->nfs_size;
	to->st_blksize = from->nfs_blksize;
	to->st_blocks = from->nfs_blocks;
	to->st_atim.tv_sec = from->nfs_atime;
	to->st_atim.tv_nsec = from->nfs_atime_nsec;
	to->st_mtim.tv_sec = from->nfs_mtime;
	to->st_mtim.tv_nsec = from->nfs_mtime_nsec;
	to->st_ctim.tv_sec = from->nfs_ctime;
	to->st_ctim.tv_nsec = from->nfs_ctime_nsec;
}

static int do_getattr(const char *path, struct stat *st, struct fuse_file_info *f)
{
	struct nfs_stat_64 found;
	int err = f ? nfs_fstat64(as_caller(), handle(f), &found) : nfs_lstat64(as_caller(), path, &found);
	if (!err)
		to_stat(&found, st);
	return err;
}

static int do_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off, struct fuse_file_info *f,
		      enum fuse_readdir_flags flags)
{
	struct nfsdir *dir;
	struct nfsdirent *entry;
	int err = nfs_opendir(as_caller(), path, &dir);
	if (err)
		return err;
	while ((entry = nfs_readdir(nfs, dir)))
		fill(buf, entry->name, NULL, 0, 0);
	nfs_closedir(nfs, dir);
	return 0;
}

static int do_open(const char *path, struct fuse_file_info *f)
{
	struct nfsfh *fh;
	int err = nfs_open(as_caller(), path, f->flags & (O_ACCMODE | O_APPEND | O_TRUNC), &fh);
	f->fh = (uintptr_t)fh;
	return err;
}

static int do_create(const char *path, mode_t mode, struct fuse_file_info *f)
{
	struct nfsfh *fh;
	int err = nfs_create(as_caller(), path, f->flags, mode & 07777, &fh);
	f->fh = (uintptr_t)fh;
	return err;
}

static int do_read(const char *path, char *buf, size_t n, off_t off, struct fuse_file_info *f)
{
	return nfs_pread(as_caller(), handle(f), off, n, buf);
}

static int do_write(const char *path, const char *buf, size_t n, off_t off, struct fuse_file_info *f)
{
	return nfs_pwrite(as_caller(), handle(f), off, n, buf);
}

static int do_fsync(const char *path, int data, struct fuse_file_info *f) { return nfs_fsync(as_caller(), handle(f)); }
static int do_release(const char *path, struct fuse_file_info *f) { return nfs_close(as_caller(), handle(f)); }
static int do_mkdir(const char *path, mode_t mode) { return nfs_mkdir2(as_caller(), path, mode & 07777); }
static int do_unlink(const char *path) { return nfs_unlink(as_caller(), path); }
static int do_rmdir(const char *path) { return nfs_rmdir(as_caller(), path); }
static int do_symlink(const char *to, const char *path) { return nfs_symlink(as_caller(), to, path); }
static int do_link(const char *from, const char *path) { return nfs_link(as_caller(), from, path); }
static int do_readlink(const char *path, char *buf, size_t n) { return nfs_readlink(as_caller(), path, buf, n); }

static int do_rename(const char *from, const char *to, unsigned flags)
{
	return flags ? -EINVAL : nfs_rename(as_caller(), from, to);
}

static int do_chmod(const char *path, mode_t mode, struct fuse_file_info *f)
{
	return nfs_chmod(as_caller(), path, mode & 07777);
}

static int do_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *f)
{
	struct nfs_stat_64 now;
	int err = nfs_lstat64(as_caller(), path, &now);
	if (err)
		return err;
	return nfs_lchown(nfs, path, uid == (uid_t)-1 ? now.nfs_uid : uid, gid == (gid_t)-1 ? now.nfs_gid : gid);
}

static int do_truncate(const char *path, off_t size, struct fuse_file_info *f)
{
	return nfs_truncate(as_caller(), path, size);
}

static int do_utimens(const char *path, const struct timespec when[2], struct fuse_file_info *f)
{
	struct timeval times[2];
	struct timespec now, kept[2];
	struct stat st;
	int err = do_getattr(path, &st, NULL);
	if (err)
		return err;
	kept[0] = st.st_atim;
	kept[1] = st.st_mtim;
	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < 2; i++) {
		const struct timespec *t = when[i].tv_nsec == UTIME_NOW    ? &now
					   : when[i].tv_nsec == UTIME_OMIT ? &kept[i]
									   : &when[i];
		times[i].tv_sec = t->tv_sec;
		times[i].tv_usec = t->tv_nsec / 1000;
	}
	return nfs_lutimes(nfs, path, times);
}

static int do_statfs(const char *path, struct statvfs *st) { return nfs_statvfs(as_caller(), path, st); }

static void *do_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	config->use_ino = 1;
	config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = do_init, .getattr = do_getattr, .readdir = do_readdir, .open = do_open, .create = do_create,
	.read = do_read, .write = do_write, .fsync = do_fsync, .release = do_release, .mkdir = do_mkdir,
	.unlink = do_unlink, .rmdir = do_rmdir, .symlink = do_symlink, .link = do_link, .readlink = do_readlink,
	.rename = do_rename, .chmod = do_chmod, .chown = do_chown, .truncate = do_truncate, .utimens = do_utimens,
	.statfs = do_statfs,
};

int main(int argc, char **argv)
{
	char *spec, *dir, *path, options[4096], *all = "";
	int read_only = 0, c;
	if (argc < 3)
		DIE("use: mount.nfs SERVER:/PATH DIRECTORY [-o OPTIONS]\n");
	spec = strdup(argv[1]);
	dir = argv[2];
	optind = 3;
	while ((c = getopt(argc, argv, "sfnvNwro:t:")) != -1)
		if (c == 'o')
			all = strdup(optarg);
		else if (c == 'r')
			read_only = 1;
	for (char *o = strtok(all, ","); o; o = strtok(NULL, ",")) {
		char *version = !strncmp(o, "nfsvers=", 8) ? o + 8 : !strncmp(o, "vers=", 5) ? o + 5 : "3";
		if (strcmp(version, "3"))
			DIE("NFS %s is not to be had here, only 3\n", version);
		if (!strcmp(o, "ro"))
			read_only = 1;
	}
	if (!(path = strstr(spec, ":/")))
		DIE("%s is not SERVER:/PATH\n", spec);
	*path++ = 0;
	if (!(nfs = nfs_init_context()))
		DIE("out of memory\n");
	if (nfs_mount(nfs, spec, path))
		DIE("%s:%s: %s\n", spec, path, nfs_get_error(nfs));
	snprintf(options, sizeof options, "allow_other,default_permissions,subtype=nfs,fsname=%s%s", argv[1],
		 read_only ? ",ro" : "");
	char *arguments[] = { "mount.nfs", dir, "-s", "-o", options, NULL };
	return fuse_main(5, arguments, &operations, NULL) ? 32 : 0;
}
