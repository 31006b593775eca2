// One HTTP connection on the listener's loop: reads a request, has it answered by a worker thread,
// sends the answer piece by piece as the peer takes it, and begins again. A body is taken piece by
// piece, as the disk takes it. It holds no more than one head and a few pieces of a file.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>

#include "libs/net/loop.h"
#include "libs/net/stream.h"
#include "services/media/download_source.h"
#include "services/media/http_head.h"
#include "services/media/upload_target.h"

namespace chat::media {

struct HttpLimits {
  int64_t workers = 8;
  int64_t connections = 1024;
  int64_t connections_per_address = 128;  // 0: no limit
  int64_t idle_ms = 30'000;  // until a request is whole, and between two steps of an answer
  size_t head_bytes = 8192;
};

class HttpConnection : public net::StreamHandler,
                       public std::enable_shared_from_this<HttpConnection> {
 public:
  // What all connections of a listener share; outlives them.
  struct Listener {
    net::Loop& loop;
    boost::asio::thread_pool& workers;
    DownloadSource& source;
    UploadTarget& target;
    const HttpLimits& limits;
    std::function<void(HttpConnection*)> on_end;  // on the loop; may be called twice
  };

  // All methods on the loop.
  HttpConnection(Listener& listener, std::shared_ptr<net::Stream> stream);
  ~HttpConnection();
  void Start();
  // Closes it when it has taken too long.
  void CheckDeadline(int64_t now_ms);
  // Closes it now, or once the running answer is sent.
  void Drain();
  const std::string& peer() const { return stream_->peer(); }

  void OnData(std::string_view bytes) override;
  void OnFlushed() override;
  void OnEnd() override;

 private:
  enum class State {
    kReading,    // a request
    kReceiving,  // its body
    kAnswering,  // a worker is at it
    kSending,    // a piece is on its way to the peer
    kDiscarding  // refused; what the peer still sends is thrown away, so that it reads the answer
  };

  void Advance();
  void Serve(HttpRequest request);
  void ServeGet(std::string id);
  void ServePut(std::string id);
  void Receive(std::unique_ptr<Incoming> body);
  void TakeBody();
  void Received(const absl::Status& status);
  void Answer(const absl::StatusOr<Download>& found);
  void AnswerObject(const Download& download);
  void Redirect(const std::string& link);
  void Refuse(int status, bool keep_alive);
  void ReadPiece();
  void SendPiece(const absl::StatusOr<std::string>& piece);
  void Sent();
  void Discard();
  void Finish();
  void Expect();
  void Observe(int status);
  // `work` on a worker; what it returns on the loop, unless the connection has ended.
  using Continue = std::function<void(HttpConnection&)>;
  void Work(std::function<Continue()> work);

  Listener& listener_;
  std::shared_ptr<net::Stream> stream_;
  State state_ = State::kReading;
  std::string input_;
  HttpRequest request_;
  std::string head_;  // goes out with the first piece
  std::shared_ptr<const ObjectFiles::Reader> file_;
  int64_t offset_ = 0;  // of the next piece
  int64_t left_ = 0;    // of the answer, or of the body that comes in
  std::shared_ptr<Incoming> body_;
  bool keep_alive_ = false;
  bool draining_ = false;
  bool ended_ = false;
  int64_t deadline_ms_ = 0;
  int64_t began_ms_ = 0;
};

}  // namespace chat::media
