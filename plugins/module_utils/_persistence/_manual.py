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
Each declaration is applied by itself, in the order of what refers to what. One that fails is rolled back, and the others are applied.
.PP
.I NAME
is the name of a link, namespace or layout. Without it everything that is stored is meant.
.SH COMMANDS
.TP
.B status
Shows what is stored, and where the host differs from it, as YAML. A line that begins with
.B \-
is on the host, one with
.B +
is stored.
.TP
.B apply
Applies what is stored. With
.B \-\-check
it only says what would be changed.
.TP
.B commands
Prints the commands of iproute2 for what
.B apply
would change.
.SH EXIT STATUS
0 if everything is as stored, or was applied; 1 if something differs, or could not be applied; 2 if the command line is wrong;
69 if Python or pyroute2 is missing.
.SH FILES
.TP
.I /etc/nfv\-vnet/host/MODULE/NAME.json
a declaration of the host
.TP
.I /etc/nfv\-vnet/netns/NETNS/MODULE/NAME.json
a declaration of a link in a network namespace
.TP
.I /etc/nfv\-vnet/host/vnet_layout/NAME.nft
rules of
.BR nft (8)
that are loaded after the layout of this name
.SH SEE ALSO
.BR ip (8),
.BR bridge (8),
.BR systemd.special (7)
"""
