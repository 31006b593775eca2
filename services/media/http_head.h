// The heads of HTTP/1.1 messages (RFC 9112): requests read, answers written. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/media/byte_range.h"

namespace chat::media {

struct HttpRequest {
  enum class Method { kGet, kHead, kPut, kOther };
  Method method = Method::kOther;
  std::string target;
  std::string token;     // of `Authorization: Bearer`; empty when there is no or another one
  std::string range;     // Range, empty without
  std::string if_range;  // If-Range, empty without
  bool has_body = false;
  std::optional<int64_t> length;  // Content-Length
  bool chunked = false;
  bool expects_continue = false;
  std::string content_type;  // printable, at most 127 bytes; else empty
  bool keep_alive = false;
};

struct ParsedHead {
  enum class State { kNeedMore, kRequest, kRefused };
  State state = State::kNeedMore;
  int status = 0;       // of a refusal: 400 or 431
  size_t consumed = 0;  // bytes of the head
  HttpRequest request;
};
// The first request of `bytes`; a head of more than `limit` bytes is refused.
ParsedHead ParseHead(std::string_view bytes, size_t limit);

// The <id> of `/file/<id>`, percent-decoded, a query left out; nullopt for any other target.
std::optional<std::string> FileId(std::string_view target);
// What follows the first `?`.
std::string_view QueryOf(std::string_view target);

struct HttpAnswer {
  int status = 200;
  bool keep_alive = false;
  int64_t length = 0;
  std::string headers;  // further lines, each with its end
};
std::string RenderHead(const HttpAnswer& answer);
// An answer without an object: a line of text that says the status.
std::string ErrorBody(int status);
HttpAnswer ErrorAnswer(int status, bool keep_alive);

// Headers of an object: always a download, never shown in place, never sniffed, never a script.
struct ObjectFacts {
  std::string filename, content_type, etag;
  int64_t size = 0;
};
std::string ObjectHeaders(const ObjectFacts& object, const ByteRange& range);
// attachment with the name twice: in ASCII, and, where it is UTF-8, as RFC 8187 has it.
std::string ContentDisposition(std::string_view filename);

}  // namespace chat::media
