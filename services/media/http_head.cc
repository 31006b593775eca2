#include "services/media/http_head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>

#include "libs/base/utf8.h"

namespace chat::media {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::string_view kFilePath = "/file/";
constexpr std::string_view kBearer = "bearer ";
constexpr size_t kMaxId = 255;
constexpr size_t kMaxType = 127;

std::string Std(boost::beast::string_view text) { return {text.data(), text.size()}; }

ParsedHead Refusal(int status) {
  ParsedHead head;
  head.state = ParsedHead::State::kRefused;
  head.status = status;
  return head;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string BearerToken(std::string_view authorization) {
  if (authorization.size() <= kBearer.size()) return "";
  for (size_t i = 0; i < kBearer.size(); ++i) {
    if (Lower(authorization[i]) != kBearer[i]) return "";
  }
  authorization.remove_prefix(kBearer.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return std::string(authorization);
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = Lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// What may go into a header of ours as it came.
std::string ContentType(std::string type) {
  const bool plain =
      std::all_of(type.begin(), type.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return plain && type.size() <= kMaxType && type.find('/') != std::string::npos ? type : "";
}

bool IsAttributeCharacter(unsigned char c) {  // RFC 8187 attr-char
  return std::isalnum(c) != 0 ||
         std::string_view("!#$&+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

HttpRequest ReadRequest(const http::request_parser<http::empty_body>& parser) {
  const auto& message = parser.get();
  HttpRequest request;
  if (message.method() == http::verb::get) request.method = HttpRequest::Method::kGet;
  if (message.method() == http::verb::head) request.method = HttpRequest::Method::kHead;
  if (message.method() == http::verb::put) request.method = HttpRequest::Method::kPut;
  request.target = Std(message.target());
  // Two of them leave open which one counts.
  if (message.count(http::field::authorization) == 1) {
    request.token = BearerToken(Std(message[http::field::authorization]));
  }
  if (message.count(http::field::range) == 1) request.range = Std(message[http::field::range]);
  request.if_range = Std(message[http::field::if_range]);
  request.has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  request.chunked = parser.chunked();
  if (parser.content_length()) {
    const uint64_t length = *parser.content_length();
    request.length = length > INT64_MAX ? INT64_MAX : static_cast<int64_t>(length);
  }
  request.expects_continue = message.count(http::field::expect) != 0;
  request.content_type = ContentType(Std(message[http::field::content_type]));
  request.keep_alive = parser.keep_alive();
  return request;
}

}  // namespace

ParsedHead ParseHead(std::string_view bytes, size_t limit) {
  const size_t end = bytes.find(kEnd);
  if (end == std::string_view::npos) return bytes.size() > limit ? Refusal(431) : ParsedHead();
  const size_t size = end + kEnd.size();
  if (size > limit) return Refusal(431);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<uint32_t>(limit));
  parser.body_limit(boost::none);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), size), error);
  if (error == http::error::header_limit) return Refusal(431);
  // RFC 9112 3.2: HTTP/1.1 needs exactly one Host.
  if (error || !parser.is_header_done() ||
      (parser.get().version() == 11 && parser.get().count(http::field::host) != 1)) {
    return Refusal(400);
  }
  return {.state = ParsedHead::State::kRequest, .consumed = size, .request = ReadRequest(parser)};
}

std::optional<std::string> FileId(std::string_view target) {
  if (target.substr(0, kFilePath.size()) != kFilePath) return std::nullopt;
  target = target.substr(kFilePath.size());
  target = target.substr(0, target.find('?'));
  std::string id;
  for (size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      if (target[i] == '/') return std::nullopt;
      id += target[i];
      continue;
    }
    if (i + 2 >= target.size()) return std::nullopt;
    const int high = HexValue(target[i + 1]), low = HexValue(target[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    id += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (id.empty() || id.size() > kMaxId) return std::nullopt;
  return id;
}

std::string_view QueryOf(std::string_view target) {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

std::string RenderHead(const HttpAnswer& answer) {
  const auto status = static_cast<http::status>(answer.status);
  return "HTTP/1.1 " + std::to_string(answer.status) + " " + Std(http::obsolete_reason(status)) +
         "\r\nContent-Length: " + std::to_string(answer.length) +
         "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: private\r\n" +
         (answer.keep_alive ? "" : "Connection: close\r\n") + answer.headers + "\r\n";
}

std::string ErrorBody(int status) {
  return Std(http::obsolete_reason(static_cast<http::status>(status))) + "\n";
}

HttpAnswer ErrorAnswer(int status, bool keep_alive) {
  HttpAnswer answer{.status = status, .keep_alive = keep_alive, .length = 0, .headers = ""};
  answer.length = static_cast<int64_t>(ErrorBody(status).size());
  answer.headers = "Content-Type: text/plain\r\n";
  if (status == 401) answer.headers += "WWW-Authenticate: Bearer\r\n";
  if (status == 405) answer.headers += "Allow: GET, HEAD, PUT\r\n";
  if (status == 503) answer.headers += "Retry-After: 1\r\n";
  return answer;
}

std::string ObjectHeaders(const ObjectFacts& object, const ByteRange& range) {
  std::string headers = "Content-Type: " + object.content_type + "\r\nAccept-Ranges: bytes\r\n";
  headers += "Content-Disposition: " + ContentDisposition(object.filename) + "\r\n";
  headers += "Content-Security-Policy: default-src 'none'; sandbox\r\n";
  headers += "ETag: " + object.etag + "\r\n";
  if (range.kind == ByteRange::Kind::kPart) {
    headers += "Content-Range: bytes " + std::to_string(range.first) + "-" +
               std::to_string(range.first + range.length - 1) + "/" + std::to_string(object.size) +
               "\r\n";
  }
  return headers;
}

std::string ContentDisposition(std::string_view filename) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string ascii, extended;
  for (char c : filename) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '%';
    ascii += plain ? c : '_';
    if (IsAttributeCharacter(byte) && byte < 0x80) {
      extended += c;
    } else {
      extended += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  std::string text = "attachment; filename=\"" + ascii + "\"";
  if (CountCharacters(filename)) text += "; filename*=UTF-8''" + extended;
  return text;
}

}  // namespace chat::media
