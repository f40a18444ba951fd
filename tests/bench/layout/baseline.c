/* SPDX-FileCopyrightText: The nfv.vnet developers
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The layout of the benchmark with only the system calls that it needs: what the kernel alone costs.
 *
 *   baseline build COUNT    namespaces n0, n1, …, each with eth0, whose other end v0, v1, … is a port of br0, br1, …
 *   baseline read COUNT     links and addresses of every namespace and of the host
 *   baseline remove COUNT   comes back when the kernel has cleared the near ends away; what is gone already may be gone
 *   baseline hush COUNT     a thousand ports flood each other with IPv6 discovery for minutes; after this no more
 *   baseline settle         comes back when the kernel is done with every namespace that was removed before
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY "/run/netns"
#define OWN "/proc/thread-self/ns/net"
#define PORTS 1000 /* on one bridge, which takes 1023 */
#define LOOPBACK 1
#define FAR 100     /* Index of each eth0: chosen, so that nobody has to ask for it. */
#define NEAR 100000 /* Index of v0: the kernel takes the one only beside the other. */
#define PAUSE 1000000
#define DEADLINE 120

struct request {
    struct nlmsghdr head;
    char body[512];
};

static char answer[1 << 16];

static const char *named(const char *format, int number)
{
    static char texts[4][64]; /* as many as one call needs */
    static int next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], format, number);
    return text;
}

static int bridges(int count)
{
    return (count + PORTS - 1) / PORTS;
}

/* Netlink: requests */

static struct request begin(int type, int flags, const void *header, size_t size)
{
    struct request made = {.head = {.nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags}};

    memcpy(NLMSG_DATA(&made.head), header, size);
    return made;
}

static struct request about_link(int type, int flags, int index, unsigned int state)
{
    struct ifinfomsg header = {.ifi_index = index, .ifi_flags = state, .ifi_change = state};

    return begin(type, NLM_F_ACK | flags, &header, sizeof header);
}

static struct rtattr *put(struct request *to, int type, const void *value, size_t size)
{
    struct rtattr *attribute = (void *)((char *)to + to->head.nlmsg_len);

    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), value, size);
    to->head.nlmsg_len += RTA_SPACE(size);
    return attribute;
}

static void put_text(struct request *to, int type, const char *text)
{
    put(to, type, text, strlen(text) + 1);
}

static void end(struct request *to, struct rtattr *nest)
{
    nest->rta_len = (char *)to + to->head.nlmsg_len - (char *)nest;
}

/* Netlink: exchange */

static int door(void)
{
    int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (made < 0)
        err(1, "socket");
    return made;
}

static int asked(int in, const struct request *what)
{
    ssize_t size = send(in, what, what->head.nlmsg_len, 0) < 0 ? -1 : recv(in, answer, sizeof answer, 0);

    if (size < 0)
        err(1, "netlink");
    return size;
}

/* 0, or the errno with which the kernel refused. */
static int refused(int in, const struct request *what)
{
    const struct nlmsghdr *head = (void *)answer;

    asked(in, what);
    return head->nlmsg_type == NLMSG_ERROR ? -((const struct nlmsgerr *)NLMSG_DATA(head))->error : 0;
}

static void ask(int in, const struct request *what, const char *name)
{
    errno = refused(in, what);
    if (errno)
        err(1, "request %d for %s", what->head.nlmsg_type, name);
}

/* How many objects a dump brings; -1 if something changed meanwhile. */
static int dumped(int in, int type)
{
    struct ifinfomsg header = {0};
    struct request what = begin(type, NLM_F_DUMP, &header, sizeof header);
    int found = 0, whole = 1;

    for (int left = asked(in, &what);; left = recv(in, answer, sizeof answer, 0)) {
        for (struct nlmsghdr *head = (void *)answer; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
            whole &= !(head->nlmsg_flags & NLM_F_DUMP_INTR);
            if (head->nlmsg_type == NLMSG_DONE)
                return whole ? found : -1;
            found += head->nlmsg_type != NLMSG_ERROR;
        }
        if (left < 0)
            err(1, "dump %d", type);
    }
}

static void expect(int in, int type, int least, const char *name)
{
    int found;

    while ((found = dumped(in, type)) < 0)
        ;
    if (found < least)
        errx(1, "%s: %d instead of %d in dump %d", name, found, least, type);
}

/* Links */

static void add_bridge(int host, const char *name)
{
    struct request what = about_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0);

    put_text(&what, IFLA_IFNAME, name);
    struct rtattr *info = put(&what, IFLA_LINKINFO, "", 0);
    put_text(&what, IFLA_INFO_KIND, "bridge");
    end(&what, info);
    ask(host, &what, name);
}

static void add_cable(int host, const char *name, int index, int master, int space)
{
    struct request what = about_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, index, IFF_UP);
    struct ifinfomsg far = {.ifi_index = FAR};

    put_text(&what, IFLA_IFNAME, name);
    put(&what, IFLA_MASTER, &master, sizeof master);
    struct rtattr *info = put(&what, IFLA_LINKINFO, "", 0);
    put_text(&what, IFLA_INFO_KIND, "veth");
    struct rtattr *data = put(&what, IFLA_INFO_DATA, "", 0);
    struct rtattr *peer = put(&what, VETH_INFO_PEER, &far, sizeof far);
    put_text(&what, IFLA_IFNAME, "eth0");
    put(&what, IFLA_NET_NS_FD, &space, sizeof space);
    end(&what, peer);
    end(&what, data);
    end(&what, info);
    ask(host, &what, name);
}

static void raise_link(int in, int index, const char *name)
{
    struct request what = about_link(RTM_NEWLINK, 0, index, IFF_UP);

    ask(in, &what, name);
}

static void add_address(int in, int number)
{
    struct ifaddrmsg header = {.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = FAR};
    struct request what = begin(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
    in_addr_t address = htonl(10u << 24 | number / PORTS << 16 | (number % PORTS + 1));

    put(&what, IFA_LOCAL, &address, sizeof address);
    ask(in, &what, named("n%d", number));
}

static void delete_link(int host, const char *name)
{
    struct request what = about_link(RTM_DELLINK, 0, 0, 0);

    put_text(&what, IFLA_IFNAME, name);
    errno = refused(host, &what);
    if (errno && errno != ENODEV)
        err(1, "%s", name);
}

static void wait_for_the_end_of(int host, const char *name)
{
    struct ifinfomsg header = {0};
    struct request what = begin(RTM_GETLINK, 0, &header, sizeof header); /* the link itself is the acknowledgement */
    time_t deadline = time(NULL) + DEADLINE;

    put_text(&what, IFLA_IFNAME, name);
    while (refused(host, &what) != ENODEV) {
        if (time(NULL) > deadline)
            errx(1, "%s does not go away", name);
        nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
    }
}

/* Namespaces */

static int opened(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        err(1, "%s", path);
    return file;
}

static void enter(int space)
{
    if (setns(space, CLONE_NEWNET))
        err(1, "setns");
}

/* As ip netns add does: other mount namespaces see what is mounted here. */
static void share_directory(void)
{
    mkdir(DIRECTORY, 0755);
    if (mount("", DIRECTORY, "none", MS_SHARED | MS_REC, NULL) &&
        (mount(DIRECTORY, DIRECTORY, "none", MS_BIND | MS_REC, NULL) || mount("", DIRECTORY, "none", MS_SHARED | MS_REC, NULL)))
        err(1, DIRECTORY);
}

/* Makes a namespace and goes into it. */
static void add_namespace(const char *path)
{
    int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

    if (file < 0 || close(file) || unshare(CLONE_NEWNET) || mount(OWN, path, "none", MS_BIND, NULL))
        err(1, "%s", path);
}

/* Commands */

/* A door stays one of the namespace in which it was opened: nobody has to go back to the host for a cable. */
static void build(int host, int count)
{
    int home = opened(OWN), master[bridges(count)];

    for (int number = 0; number < bridges(count); number++) {
        add_bridge(host, named("br%d", number));
        master[number] = if_nametoindex(named("br%d", number));
    }
    share_directory();
    for (int number = 0; number < count; number++) {
        add_namespace(named(DIRECTORY "/n%d", number));
        int space = opened(OWN), inside = door();
        add_cable(host, named("v%d", number), NEAR + number, master[number / PORTS], space);
        add_address(inside, number);
        raise_link(inside, FAR, "eth0");
        raise_link(inside, LOOPBACK, "lo");
        close(inside);
        close(space);
    }
    enter(home);
    for (int number = 0; number < bridges(count); number++) /* last: a bridge that is up costs more with each port */
        raise_link(host, master[number], named("br%d", number));
}

static void read_back(int host, int count)
{
    expect(host, RTM_GETLINK, count + bridges(count), "host");
    expect(host, RTM_GETADDR, 1, "host");
    for (int number = 0; number < count; number++) {
        int space = opened(named(DIRECTORY "/n%d", number));

        enter(space);
        int inside = door();
        expect(inside, RTM_GETLINK, 2, named("n%d", number));
        expect(inside, RTM_GETADDR, 2, named("n%d", number));
        close(inside);
        close(space);
    }
}

static void take_away(int host, int count)
{
    for (int number = 0; number < count; number++) {
        const char *path = named(DIRECTORY "/n%d", number);

        if ((umount2(path, MNT_DETACH) && errno != EINVAL && errno != ENOENT) || (unlink(path) && errno != ENOENT))
            err(1, "%s", path);
    }
    for (int number = 0; number < bridges(count); number++)
        delete_link(host, named("br%d", number));
    for (int number = 0; number < count; number++)
        wait_for_the_end_of(host, named("v%d", number));
}

static void hush(int host, int count)
{
    for (int number = 0; number < count; number++) {
        struct ifinfomsg header = {.ifi_family = AF_BRIDGE, .ifi_index = if_nametoindex(named("v%d", number))};
        struct request what = begin(RTM_SETLINK, NLM_F_ACK, &header, sizeof header);
        struct rtattr *port = put(&what, IFLA_PROTINFO | NLA_F_NESTED, "", 0);

        put(&what, IFLA_BRPORT_MCAST_FLOOD, "", 1);
        put(&what, IFLA_BRPORT_BCAST_FLOOD, "", 1);
        end(&what, port);
        ask(host, &what, named("v%d", number));
    }
}

/* The kernel clears namespaces away in the order of their removal: when it gets to this one, all others are done. */
static void settle(int host)
{
    int home = opened(OWN);

    if (unshare(CLONE_NEWNET))
        err(1, "unshare");
    int space = opened(OWN);
    add_cable(host, "sentinel", NEAR - 1, 0, space);
    close(space);
    enter(home);
    wait_for_the_end_of(host, "sentinel");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(int host, int count);
    } commands[] = {{"build", build}, {"read", read_back}, {"remove", take_away}, {"hush", hush}};
    int count = argc == 3 ? atoi(argv[2]) : 0, host = door();

    if (argc == 2 && !strcmp(argv[1], "settle"))
        return settle(host), 0;
    for (size_t number = 0; count > 0 && number < sizeof commands / sizeof *commands; number++)
        if (!strcmp(argv[1], commands[number].name))
            return commands[number].run(host, count), 0;
    errx(2, "usage: build|read|remove|hush COUNT, or settle");
}
