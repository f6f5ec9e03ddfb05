"""Becomes the image's process, in a mount and process namespace of its own (started by container.py through unshare):

    inside.py ROOT UID GID [--model-folder DIR] [NAME=VALUE]... -- PROGRAM ARGUMENT...

The root is mounted read-only, the state folder is the only place to write, nothing but the image's environment is left,
and neither privileges nor a way to get some.
"""

import ctypes
import os
import subprocess
import sys


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def main():
    split = sys.argv.index("--")
    root, uid, gid, *rest = sys.argv[1:split]
    command = sys.argv[split + 1 :]
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    mount("-t", "proc", "proc", f"{root}/proc")
    mount("--rbind", "/dev", f"{root}/dev")
    mount("-t", "tmpfs", "-o", f"uid={uid},gid={gid},mode=0700,size=64m", "tmpfs", f"{root}/var/lib/deblur")
    if rest[:1] == ["--model-folder"]:
        mount("--bind", rest[1], f"{root}/models")
        mount("-o", "remount,bind,ro", f"{root}/models")
        rest = rest[2:]
    mount("-o", "remount,bind,ro", root)
    os.chroot(root)
    os.chdir("/var/lib/deblur")
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
    os.execve(command[0], command, dict(pair.split("=", 1) for pair in rest))


if __name__ == "__main__":
    main()
