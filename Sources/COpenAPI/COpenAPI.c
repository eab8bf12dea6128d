// The document is embedded as it is, so that there is one copy of it. A Swift array of as many
// bytes takes half a minute to compile.

#include "COpenAPI.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
#embed "../../Documentation/openapi.json"
};

const unsigned char *rmos_openapi(size_t *count) {
  *count = sizeof text;
  return text;
}
