/* import - deliver --import: the settings of another mailer, shown, and with
 * --write written.  Root opens its files, and a process of bellman-net, which
 * is to have the passwords anyway, reads and parses them. */
#ifndef DELIVER_SETUP_IMPORT_H
#define DELIVER_SETUP_IMPORT_H

/* argv[0] is "--import".  A sysexit. */
int import_main(int argc, char **argv);
#endif
