# Bellman.  `make help` lists the targets.
O = build
CC = gcc
AR = ar
PREFIX = /usr
SYSCONFDIR = /etc
CFLAGS = -O2 -g
