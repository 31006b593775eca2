// The media listener: GET, HEAD and PUT of /file/<id> over HTTP/1.1. One event loop carries all
// connections; workers look up, ask and read files, so that a connection costs no thread.
#pragma once

#include <absl/status/status.h>

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <unordered_map>

#include "libs/net/loop.h"
#include "libs/net/tcp_listener.h"
#include "libs/net/tls_context.h"
#include "services/media/http_connection.h"

namespace chat::media {

class HttpServer {
 public:
  // `source` and `target` outlive it.
  HttpServer(DownloadSource& source, UploadTarget& target, HttpLimits limits);
  ~HttpServer();

  // "address:port"; with `tls` it speaks HTTPS, and reads the certificate again every minute.
  // kUnavailable when it cannot listen.
  absl::Status Start(const std::string& listen, std::shared_ptr<net::TlsContext> tls = nullptr);
  int port() const;
  // Accepts no more, lets running answers end for at most `patience`, then closes all. Any thread.
  void Drain(std::chrono::milliseconds patience);

 private:
  void Accept(std::shared_ptr<net::Stream> stream);
  void Forget(HttpConnection* connection);
  bool IsFull(const std::string& peer) const;
  // Runs `work` on the loop and waits for it.
  void OnLoop(const std::function<void()>& work);

  const HttpLimits limits_;
  net::Loop loop_;
  boost::asio::thread_pool workers_;
  HttpConnection::Listener shared_;
  std::shared_ptr<net::TlsContext> tls_;  // nullptr: HTTP
  std::unique_ptr<net::TcpListener> listener_;
  std::unique_ptr<net::Every> every_second_, every_minute_;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  std::unordered_map<std::string, int64_t> by_address_;  // how many of them
  bool started_ = false;
};

}  // namespace chat::media
