# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual page nfv-vnet(8)."""

from __future__ import annotations

MANUAL = r""".TH NFV\-VNET 8 "" nfv.vnet
.SH NAME
nfv\-vnet \- links and network namespaces that are there again after a reboot
.SH SYNOPSIS
.B nfv\-vnet status
.RI [ NAME ...]
.br
.B nfv\-vnet apply
.RB [ \-\-check ]
.RI [ NAME ...]
.br
.B nfv\-vnet commands
.RI [ NAME ...]
.SH DESCRIPTION
The modules of the Ansible collection nfv.vnet store what they declare with the option
.B persistent: true
in
.IR /etc/nfv\-vnet .
This program compares that with the host and applies it. The unit
.B nfv\-vnet.service
does so when the host starts, before the network managers. Ansible is not needed.
.PP
What a task has stored is applied by itself, in the order of what refers to what. If that fails, it is rolled back, and the rest is applied.
Network cards are waited for, ten seconds at most.
.PP
.I NAME
is the name of a link, a namespace or a layout, or a title such as
.BR vnet_bridge/br0 .
What is part of a layout stands for the layout. Without it everything that is stored is meant. What else it needs is not applied.
.PP
Only root can run it.
.SH COMMANDS
.TP
.B status
Shows what is stored. Where the host differs, it shows the link or namespace as YAML: a line that begins with
.B \-
is on the host, one with
.B +
is stored. Settings that are not stored are not compared.
.TP
.B apply
Applies what is stored. With
.B \-\-check
it only says what would be changed.
.TP
.B commands
Prints the commands that
.B apply
would run.
.SH EXIT STATUS
.TP
.B 0
everything is as stored, or was applied
.TP
.B 1
.BR status " and " "apply \-\-check" :
something differs or cannot be applied;
.BR apply " and " commands :
something cannot be applied
.TP
.B 2
the command line is wrong
.TP
.B 64
nothing is stored under a NAME
.TP
.B 69
Python, pyroute2 or the code of the program is missing
.TP
.B 77
what is stored may not be read
.SH EXAMPLES
.TP
.B nfv\-vnet status
.TP
.B nfv\-vnet apply br0
.TP
.B journalctl \-u nfv\-vnet
why something was not applied when the host started
.SH FILES
.TP
.I /etc/nfv\-vnet/host/MODULE/NAME.json
what a task has stored for the host
.TP
.I /etc/nfv\-vnet/netns/NETNS/MODULE/NAME.json
the same for a link in a network namespace
.TP
.I /etc/nfv\-vnet/host/vnet_layout/NAME.nft
rules of
.BR nft (8)
that are loaded after the layout of this name
.PP
They are written by the tasks. To change one, change its task.
.SH SEE ALSO
.BR ip (8),
.BR bridge (8),
.BR nft (8),
.BR systemd.special (7)
"""
