// Requests a path of an HTTP/1.1 server over several persistent connections, one request at a time
// on each, and prints requests per second and latencies.
//
// usage: serve_load PORT PATH CONNECTIONS REQUESTS
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 512, ROOM = 1 << 20 };

struct client {
  char *buffer;
  size_t count;
  double began;
};

static double now(void) {
  struct timespec spec;
  clock_gettime(CLOCK_MONOTONIC, &spec);
  return spec.tv_sec + spec.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

// Returns the length of the response in the buffer; 0 while it is not complete.
static size_t answer_length(struct client *client) {
  client->buffer[client->count] = 0;
  char *end = strstr(client->buffer, "\r\n\r\n");
  if (!end) return 0;
  size_t body = 0;
  for (char *line = strstr(client->buffer, "\r\n"); line && line < end;
       line = strstr(line + 2, "\r\n"))
    if (!strncasecmp(line + 2, "content-length:", 15)) body = strtoul(line + 17, NULL, 10);
  size_t length = (size_t)(end + 4 - client->buffer) + body;
  if (length >= ROOM) errno = EMSGSIZE, fail("answer");
  return client->count >= length ? length : 0;
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: serve_load PORT PATH CONNECTIONS REQUESTS\n"), 2;
  int port = atoi(argv[1]), connections = atoi(argv[3]);
  long requests = atol(argv[4]), started = 0, ended = 0, others = 0;
  if (connections < 1 || connections > LIMIT || requests < connections) return 2;
  char request[4096];
  int size = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n", argv[2], port);
  struct pollfd polls[LIMIT];
  struct client clients[LIMIT];
  double *times = malloc(sizeof *times * (size_t)requests);
  for (int i = 0; i < connections; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    polls[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    if (connect(polls[i].fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    int on = 1;
    setsockopt(polls[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients[i] = (struct client){.buffer = malloc(ROOM + 1)};
  }
  double begin = now();
  for (int i = 0; i < connections; i++, started++) {
    clients[i].began = now();
    if (write(polls[i].fd, request, (size_t)size) != size) fail("write");
  }
  while (ended < requests) {
    if (poll(polls, (nfds_t)connections, 30000) <= 0) fail("poll");
    for (int i = 0; i < connections; i++) {
      if (!polls[i].revents) continue;
      struct client *client = &clients[i];
      ssize_t count = read(polls[i].fd, client->buffer + client->count, ROOM - client->count);
      if (count <= 0) fail("read");
      client->count += (size_t)count;
      if (!answer_length(client)) continue;
      client->count = 0;
      if (strncmp(client->buffer, "HTTP/1.1 200", 12)) others++;
      double time = now();
      times[ended++] = time - client->began;
      if (started == requests) continue;
      started++;
      client->began = time;
      if (write(polls[i].fd, request, (size_t)size) != size) fail("write");
    }
  }
  double seconds = now() - begin;
  qsort(times, (size_t)requests, sizeof *times, compare);
  printf("%ld requests, %d connections: %.0f/s, median %.3f ms, p99 %.3f ms, worst %.3f ms, "
         "%ld not 200\n", requests, connections, requests / seconds,
         times[requests / 2] * 1e3, times[requests * 99 / 100] * 1e3, times[requests - 1] * 1e3,
         others);
  return 0;
}
