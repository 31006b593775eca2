// The certificate of TLS listeners: loaded from files, replaced while connections live.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <mutex>
#include <string>

using SSL = struct ssl_st;
using SSL_CTX = struct ssl_ctx_st;

namespace chat::net {

// PEM files.
struct TlsFiles {
  std::string certificate;  // the server's, then its chain
  std::string key;
  std::string client_ca;        // who may sign client certificates; "": none is asked for
  bool require_client = false;  // a handshake without a client certificate fails
};

// Thread safe. TLS 1.2 and 1.3, forward secrecy only, no compression, no renegotiation.
class TlsContext {
 public:
  // kInvalidArgument: a file cannot be read or makes no sense; the text names it.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Load(const TlsFiles& files);

  // Reads the files again. True: they have changed, new connections get the new certificate, those
  // that live are untouched. After an error everything stays as it was.
  absl::StatusOr<bool> Refresh();

  // A server's connection with the present certificate; the caller frees it.
  SSL* NewConnection() const;

 private:
  struct Loaded {
    std::shared_ptr<SSL_CTX> context;
    std::string digest;  // of the files' contents
  };
  static absl::StatusOr<Loaded> Read(const TlsFiles& files);
  TlsContext(TlsFiles files, Loaded loaded);

  const TlsFiles files_;
  mutable std::mutex mutex_;
  Loaded loaded_;
};

}  // namespace chat::net
