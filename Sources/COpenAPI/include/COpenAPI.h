#ifndef COPENAPI_H
#define COPENAPI_H

#include <stddef.h>

/// The text of `Documentation/openapi.json`, of so many bytes.
const unsigned char *rmos_openapi(size_t *count);

#endif
