#include "services/media/http_server.h"

#include <future>
#include <vector>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/net/tls_stream.h"

namespace chat::media {
namespace {

prometheus::Gauge& Open() {
  static prometheus::Gauge& open =
      metrics::Gauge("chat_media_http_connections", "HTTP connections that are open");
  return open;
}

prometheus::Counter& TooMany() {
  static prometheus::Counter& too_many = metrics::Counter(
      "chat_media_http_refused_connections_total", "HTTP connections closed at once: too many");
  return too_many;
}

}  // namespace

HttpServer::HttpServer(DownloadSource& source, UploadTarget& target, HttpLimits limits)
    : limits_(limits),
      workers_(static_cast<size_t>(limits.workers)),
      shared_{loop_, workers_, source, target, limits_, [this](HttpConnection* c) { Forget(c); }} {
  Open();
  TooMany();
}

HttpServer::~HttpServer() {
  if (started_) Drain(std::chrono::milliseconds(0));
  workers_.join();
  loop_.Stop();
}

absl::Status HttpServer::Start(const std::string& listen, std::shared_ptr<net::TlsContext> tls) {
  tls_ = std::move(tls);
  CHAT_ASSIGN_OR_RETURN(
      listener_, net::TcpListener::Listen(loop_, listen, [this](std::shared_ptr<net::Stream> s) {
        Accept(std::move(s));
      }));
  loop_.Post([this] {
    every_second_ = std::make_unique<net::Every>(loop_, 1000, [this] {
      const int64_t now = net::Loop::NowMs();
      auto all = connections_;
      for (auto& [_, connection] : all) connection->CheckDeadline(now);
    });
  });
  if (tls_ != nullptr) {
    loop_.Post([this] {
      every_minute_ = std::make_unique<net::Every>(loop_, 60'000, [this] {
        absl::StatusOr<bool> changed = tls_->Refresh();
        if (!changed.ok()) log::Warn("tls", {{"why", Message(changed.status())}});
      });
    });
  }
  loop_.Start();
  started_ = true;
  return absl::OkStatus();
}

int HttpServer::port() const { return listener_->port(); }

void HttpServer::Accept(std::shared_ptr<net::Stream> stream) {
  if (IsFull(stream->peer())) {
    TooMany().Increment();
    return stream->Close(0);
  }
  if (tls_ != nullptr) stream = net::MakeTlsStream(loop_, std::move(stream), *tls_);
  auto connection = std::make_shared<HttpConnection>(shared_, std::move(stream));
  connections_[connection.get()] = connection;
  ++by_address_[connection->peer()];
  Open().Set(static_cast<double>(connections_.size()));
  connection->Start();
}

bool HttpServer::IsFull(const std::string& peer) const {
  if (static_cast<int64_t>(connections_.size()) >= limits_.connections) return true;
  auto of_peer = by_address_.find(peer);
  return limits_.connections_per_address > 0 && of_peer != by_address_.end() &&
         of_peer->second >= limits_.connections_per_address;
}

// Later, because the connection is at work when it ends.
void HttpServer::Forget(HttpConnection* connection) {
  loop_.Post([this, connection] {
    auto found = connections_.find(connection);
    if (found == connections_.end()) return;
    auto of_peer = by_address_.find(connection->peer());
    if (--of_peer->second == 0) by_address_.erase(of_peer);
    connections_.erase(found);
    Open().Set(static_cast<double>(connections_.size()));
  });
}

void HttpServer::OnLoop(const std::function<void()>& work) {
  std::promise<void> done;
  loop_.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void HttpServer::Drain(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  size_t left = 0;
  OnLoop([&] {
    if (listener_) listener_->Stop();
    auto all = connections_;
    for (auto& [_, connection] : all) connection->Drain();
  });
  do {
    OnLoop([&] { left = connections_.size(); });
    if (left == 0 || std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  } while (true);
  OnLoop([&] {
    every_second_.reset();
    every_minute_.reset();
    connections_.clear();
  });
}

}  // namespace chat::media
