/* setup - deliver --setup: three questions, the relay found and tried, the
 * files written, a message sent.  Nothing is written before all is known. */
#ifndef DELIVER_SETUP_SETUP_H
#define DELIVER_SETUP_SETUP_H

/* argv[0] is "--setup".  A sysexit. */
int setup_main(int argc, char **argv);
#endif
