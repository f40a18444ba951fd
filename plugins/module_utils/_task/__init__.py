# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of Ansible is to the engine: parameters, result, confirmation. Only this package knows Ansible."""
