// Certificates and a blocking TLS client, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/net/loopback_testing.h"
#include "libs/net/tls_context.h"

namespace chat::net::testing_support {

// A private authority with its own key, made anew.
class Authority {
 public:
  Authority();
  ~Authority();
  // A certificate of `name` and its key, both in PEM.
  struct Issued {
    std::string certificate, key;
  };
  Issued Issue(const std::string& name) const;
  const std::string& certificate() const { return certificate_; }

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  std::string certificate_;
};

// What a client asks for.
struct TlsClientOptions {
  int version = 0;                // TLS1_2_VERSION or TLS1_3_VERSION; 0: any
  Authority::Issued certificate;  // of the client; empty: none
};

class TlsClient {
 public:
  explicit TlsClient(int port) : TlsClient(port, TlsClientOptions()) {}
  TlsClient(int port, const TlsClientOptions& options);
  ~TlsClient();
  // Whether the handshake succeeded; with TLS 1.3 a refused client certificate shows at the first
  // Receive.
  bool open() const { return open_; }
  bool Send(std::string_view bytes);
  // "" when the connection has ended or broken.
  std::string Receive(size_t size);
  // True when the server ends it with close_notify.
  bool AwaitCloseNotify();
  std::string version() const;
  // The name of the server's certificate.
  std::string server_name() const;

 private:
  BlockingClient socket_;
  std::shared_ptr<SSL_CTX> context_;
  SSL* ssl_ = nullptr;
  bool open_ = false;
};

}  // namespace chat::net::testing_support
