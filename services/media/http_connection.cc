#include "services/media/http_connection.h"

#include <boost/asio/post.hpp>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "services/media/signed_links.h"

namespace chat::media {
namespace {

constexpr int64_t kPieceBytes = 128 * 1024;
constexpr int64_t kLingerMs = 2000;
constexpr int64_t kDiscardMs = 1000;
constexpr char kDefaultType[] = "application/octet-stream";

int StatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kOutOfRange:
      return 413;
    case absl::StatusCode::kResourceExhausted:
      return 507;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kDataLoss:
      return 500;
    default:
      return 503;
  }
}

}  // namespace

HttpConnection::HttpConnection(Listener& listener, std::shared_ptr<net::Stream> stream)
    : listener_(listener), stream_(std::move(stream)) {}

HttpConnection::~HttpConnection() {
  if (!ended_) stream_->Close(0);
}

void HttpConnection::Start() {
  Expect();
  stream_->Start(*this);
}

void HttpConnection::Expect() { deadline_ms_ = net::Loop::NowMs() + listener_.limits.idle_ms; }

void HttpConnection::CheckDeadline(int64_t now_ms) {
  if (state_ != State::kAnswering && now_ms >= deadline_ms_) Finish();
}

void HttpConnection::Drain() {
  draining_ = true;
  if (state_ == State::kReading) Finish();
}

void HttpConnection::OnData(std::string_view bytes) {
  if (state_ == State::kDiscarding) return;
  input_ += bytes;
  if (state_ == State::kReading) Advance();
  if (state_ == State::kReceiving) TakeBody();
}

void HttpConnection::Advance() {
  ParsedHead head = ParseHead(input_, listener_.limits.head_bytes);
  if (head.state == ParsedHead::State::kNeedMore) return;
  stream_->SetReading(false);
  began_ms_ = net::Loop::NowMs();
  if (head.state == ParsedHead::State::kRefused) return Refuse(head.status, false);
  input_.erase(0, head.consumed);
  Serve(head.request);
}

void HttpConnection::Serve(HttpRequest request) {
  request_ = std::move(request);
  keep_alive_ = request_.keep_alive && !draining_;
  const bool put = request_.method == HttpRequest::Method::kPut;
  if (request_.has_body && !put) return Refuse(413, false);
  if (request_.method == HttpRequest::Method::kOther) return Refuse(405, keep_alive_);
  const bool signed_link = !QueryValue(QueryOf(request_.target), "signature").empty();
  if (put && !signed_link) return Refuse(request_.has_body ? 403 : 405, false);
  if (request_.token.empty() && !signed_link) return Refuse(401, keep_alive_);
  std::optional<std::string> id = FileId(request_.target);
  if (!id) return Refuse(404, keep_alive_ && !request_.has_body);
  put ? ServePut(*std::move(id)) : ServeGet(*std::move(id));
}

void HttpConnection::ServeGet(std::string id) {
  DownloadRequest asked{std::move(id), std::string(QueryOf(request_.target)),
                        std::move(request_.token)};
  Work([&source = listener_.source, asked = std::move(asked)]() -> Continue {
    auto found = std::make_shared<absl::StatusOr<Download>>(source.Find(asked));
    return [found](HttpConnection& connection) { connection.Answer(*found); };
  });
}

void HttpConnection::ServePut(std::string name) {
  if (request_.chunked || !request_.length) return Refuse(411, false);
  UploadRequest asked{std::move(name), std::string(QueryOf(request_.target)), *request_.length,
                      request_.content_type};
  if (asked.content_type.empty()) asked.content_type = kDefaultType;
  using Accepted = absl::StatusOr<std::unique_ptr<Incoming>>;
  Work([&target = listener_.target, asked = std::move(asked)]() -> Continue {
    auto body = std::make_shared<Accepted>(target.Accept(asked));
    return [body](HttpConnection& connection) {
      if (!body->ok()) return connection.Received(body->status());
      connection.Receive(*std::move(*body));
    };
  });
}

void HttpConnection::Receive(std::unique_ptr<Incoming> body) {
  body_ = std::move(body);
  left_ = *request_.length;
  if (request_.expects_continue) stream_->Write("HTTP/1.1 100 Continue\r\n\r\n");
  TakeBody();
}

// Hands over what has come, once it is a piece or the rest; reads on meanwhile no further.
void HttpConnection::TakeBody() {
  const auto piece = static_cast<size_t>(std::min(left_, kPieceBytes));
  if (input_.size() < piece) {
    state_ = State::kReceiving;
    Expect();
    return stream_->SetReading(true);
  }
  stream_->SetReading(false);
  std::string bytes = input_.substr(0, piece);
  input_.erase(0, piece);
  left_ -= static_cast<int64_t>(piece);
  Work([body = body_, bytes = std::move(bytes), last = left_ == 0]() -> Continue {
    absl::Status status = body->Write(bytes);
    if (status.ok() && last) status = body->Finish();
    return [status, last](HttpConnection& connection) {
      status.ok() && !last ? connection.TakeBody() : connection.Received(status);
    };
  });
}

// The body is stored, or it is refused with some of it perhaps still to come.
void HttpConnection::Received(const absl::Status& status) {
  body_.reset();
  if (!status.ok()) {
    const int code = StatusOf(status);
    if (code >= 500) log::Warn("an upload was not stored", {{"why", Message(status)}});
    return Refuse(code, false);
  }
  request_.has_body = false;
  Observe(200);
  head_ = RenderHead({.status = 200, .keep_alive = keep_alive_, .length = 0, .headers = ""});
  SendPiece(std::string());
}

void HttpConnection::Work(std::function<Continue()> work) {
  state_ = State::kAnswering;
  boost::asio::post(listener_.workers,
                    [self = weak_from_this(), &loop = listener_.loop, work = std::move(work)] {
                      Continue go_on = work();
                      loop.Post([self, go_on = std::move(go_on)] {
                        std::shared_ptr<HttpConnection> connection = self.lock();
                        if (connection && !connection->ended_) go_on(*connection);
                      });
                    });
}

void HttpConnection::Answer(const absl::StatusOr<Download>& found) {
  if (found.ok()) return AnswerObject(*found);
  const int status = StatusOf(found.status());
  if (status >= 500) {
    log::Warn("an object could not be served", {{"why", Message(found.status())}});
  }
  Refuse(status, keep_alive_);
}

void HttpConnection::AnswerObject(const Download& download) {
  if (!download.redirect.empty()) return Redirect(download.redirect);
  const std::string etag = "\"" + std::to_string(download.object) + "\"";
  const bool is_head = request_.method == HttpRequest::Method::kHead;
  // RFC 9110: Range has a meaning for GET only, and none when If-Range names something else.
  const bool ranged = !is_head && (request_.if_range.empty() || request_.if_range == etag);
  const ByteRange range = ParseRange(ranged ? request_.range : "", download.size);
  HttpAnswer answer{.status = 200, .keep_alive = keep_alive_, .length = 0, .headers = ""};
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    answer.status = 416;
    answer.headers = "Content-Range: bytes */" + std::to_string(download.size) + "\r\n";
  } else {
    if (range.kind == ByteRange::Kind::kPart) answer.status = 206;
    answer.length = range.length;
    answer.headers =
        ObjectHeaders({download.filename, download.content_type, etag, download.size}, range);
  }
  Observe(answer.status);
  head_ = RenderHead(answer);
  file_ = download.file;
  offset_ = range.first;
  left_ = is_head ? 0 : answer.length;
  ReadPiece();
}

void HttpConnection::Redirect(const std::string& link) {
  Observe(302);
  head_ = RenderHead({.status = 302,
                      .keep_alive = keep_alive_,
                      .length = 0,
                      .headers = "Location: " + link + "\r\n"});
  left_ = 0;
  SendPiece(std::string());
}

void HttpConnection::Refuse(int status, bool keep_alive) {
  Observe(status);
  keep_alive_ = keep_alive;
  std::string answer = RenderHead(ErrorAnswer(status, keep_alive));
  if (request_.method != HttpRequest::Method::kHead) answer += ErrorBody(status);
  left_ = 0;
  state_ = State::kSending;
  Expect();
  stream_->Write(answer);
}

void HttpConnection::ReadPiece() {
  if (left_ == 0) return SendPiece(std::string());
  const int64_t size = std::min(left_, kPieceBytes);
  Work([file = file_, offset = offset_, size]() -> Continue {
    auto piece = std::make_shared<absl::StatusOr<std::string>>(
        file->Read(offset, static_cast<size_t>(size)));
    return [piece](HttpConnection& connection) { connection.SendPiece(*piece); };
  });
}

void HttpConnection::SendPiece(const absl::StatusOr<std::string>& piece) {
  if (!piece.ok()) {
    // The length is promised: only the end of the connection tells the peer.
    log::Error("an object could not be read", {{"why", Message(piece.status())}});
    return Finish();
  }
  static prometheus::Counter& sent =
      metrics::Counter("chat_media_sent_bytes_total", "Bytes of objects sent");
  sent.Increment(static_cast<double>(piece->size()));
  offset_ += static_cast<int64_t>(piece->size());
  left_ -= static_cast<int64_t>(piece->size());
  state_ = State::kSending;
  Expect();
  head_ += *piece;
  stream_->Write(head_);
  head_.clear();
}

void HttpConnection::OnFlushed() {
  if (state_ != State::kSending) return;
  if (left_ > 0) return ReadPiece();
  Sent();
}

void HttpConnection::Sent() {
  file_.reset();
  const bool refused_early = request_.has_body || request_.target.empty();
  request_ = HttpRequest();
  if (!keep_alive_ || draining_) return refused_early ? Discard() : Finish();
  state_ = State::kReading;
  Expect();
  stream_->SetReading(true);
  if (!input_.empty()) Advance();
}

// Closing with bytes unread resets the connection, and the peer may lose the answer.
void HttpConnection::Discard() {
  state_ = State::kDiscarding;
  input_.clear();
  deadline_ms_ = net::Loop::NowMs() + kDiscardMs;
  stream_->SetReading(true);
}

void HttpConnection::OnEnd() {
  ended_ = true;
  listener_.on_end(this);
}

void HttpConnection::Finish() {
  if (ended_) return;
  stream_->Close(kLingerMs);
  OnEnd();
}

void HttpConnection::Observe(int status) {
  static prometheus::Histogram& seconds =
      metrics::Histogram("chat_media_http_seconds", "Time from a request to its answer's head",
                         metrics::TimeBuckets());
  seconds.Observe(static_cast<double>(net::Loop::NowMs() - began_ms_) / 1000);
  metrics::Counter("chat_media_http_requests_total", "HTTP requests by status",
                   {{"status", std::to_string(status)}})
      .Increment();
  log::Debug("http", {{"status", status}, {"peer", stream_->peer()}});
}

}  // namespace chat::media
