#include "services/media/http_connection.h"

#include <boost/asio/post.hpp>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::media {
namespace {

constexpr int64_t kPieceBytes = 128 * 1024;
constexpr int64_t kLingerMs = 2000;
constexpr int64_t kDiscardMs = 1000;

int StatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return 401;
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
  if (request_.has_body) return Refuse(413, false);
  if (request_.method == HttpRequest::Method::kOther) return Refuse(405, keep_alive_);
  if (request_.token.empty()) return Refuse(401, keep_alive_);
  std::optional<std::string> id = FileId(request_.target);
  if (!id) return Refuse(404, keep_alive_);
  Work([&source = listener_.source, token = std::move(request_.token), id = *id]() -> Continue {
    auto found = std::make_shared<absl::StatusOr<Download>>(source.Find(token, id));
    return [found](HttpConnection& connection) { connection.Answer(*found); };
  });
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
    answer.headers = ObjectHeaders(download.filename, etag, range, download.size);
  }
  Observe(answer.status);
  head_ = RenderHead(answer);
  file_ = download.file;
  offset_ = range.first;
  left_ = is_head ? 0 : answer.length;
  ReadPiece();
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
