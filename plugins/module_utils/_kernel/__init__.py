# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only package that accesses the kernel: namespaces, netlink, ioctl, sysctl."""
