// libpq, and what it takes to wait for its socket.
#include <libpq-fe.h>
#include <poll.h>
