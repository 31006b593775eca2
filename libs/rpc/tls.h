// Mutual TLS between processes. Off: everything is plaintext, for one machine or a private network.
// On: every server of this process asks for a certificate and every channel shows one; a peer is
// believed when its chain ends at `authority` and its certificate carries `name` as a DNS name of
// its subjectAltName. The name, not the address, says who belongs to the cluster: processes are met
// at addresses that no certificate can foresee, and an authority may serve others too. The files
// are read again every `reload_s`; connections made before keep the certificate of their handshake.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <cstdint>
#include <memory>
#include <string>

namespace chat::rpc {

struct TlsFiles {
  std::string certificate;  // PEM, the leaf first; all three or none
  std::string key;
  std::string authority;
  std::string name = "chat";
  int64_t reload_s = 30;

  bool off() const { return certificate.empty() && key.empty() && authority.empty(); }
};

// For the whole process; once, before the first channel or server. kInvalidArgument, with the name
// of the key, when the files cannot be used: peers would refuse them. Adds
// chat_rpc_tls_not_after_timestamp_seconds.
absl::Status UseTls(const TlsFiles& files);

// Plaintext unless UseTls() was called.
std::shared_ptr<grpc::ServerCredentials> ServerCredentials();
std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials();

}  // namespace chat::rpc
