#include "libs/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <fstream>
#include <sstream>

#include "libs/base/status.h"

namespace chat::net {

namespace {

constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

absl::Status Failure(const std::string& file, const char* what) {
  char text[256] = "";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof text);
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(file + ": " + what + (*text != 0 ? ": " : "") + text);
}

absl::Status AddDigest(const std::string& path, std::string* digest) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  if (!file) return absl::InvalidArgumentError(path + ": cannot be read");
  const std::string bytes = content.str();
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash);
  digest->append(reinterpret_cast<const char*>(hash), sizeof hash);
  return absl::OkStatus();
}

// A connection between records keeps no buffers, a session no state on our side.
void Configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_cipher_list(context, kTls12Ciphers);
  static const unsigned char kSessionContext[] = "chat";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
}

absl::Status UseClientCa(SSL_CTX* context, const TlsFiles& files) {
  if (files.client_ca.empty()) return absl::OkStatus();
  const char* path = files.client_ca.c_str();
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(path);
  if (names == nullptr || SSL_CTX_load_verify_locations(context, path, nullptr) != 1) {
    if (names != nullptr) sk_X509_NAME_pop_free(names, X509_NAME_free);
    return Failure(files.client_ca, "no certificates in PEM");
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context,
                     SSL_VERIFY_PEER | (files.require_client ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsContext::Loaded> TlsContext::Read(const TlsFiles& files) {
  Loaded loaded;
  for (const std::string* path : {&files.certificate, &files.key, &files.client_ca}) {
    CHAT_RETURN_IF_ERROR(AddDigest(*path, &loaded.digest));
  }
  ERR_clear_error();
  loaded.context = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* context = loaded.context.get();
  Configure(context);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return Failure(files.certificate, "no certificate in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Failure(files.key, "no key in PEM, or not that of the certificate");
  }
  if (SSL_CTX_check_private_key(context) != 1) return Failure(files.key, "not the certificate's");
  CHAT_RETURN_IF_ERROR(UseClientCa(context, files));
  return loaded;
}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Load(const TlsFiles& files) {
  CHAT_ASSIGN_OR_RETURN(Loaded loaded, Read(files));
  return std::shared_ptr<TlsContext>(new TlsContext(files, std::move(loaded)));
}

TlsContext::TlsContext(TlsFiles files, Loaded loaded)
    : files_(std::move(files)), loaded_(std::move(loaded)) {}

absl::StatusOr<bool> TlsContext::Refresh() {
  CHAT_ASSIGN_OR_RETURN(Loaded read, Read(files_));
  std::lock_guard lock(mutex_);
  if (read.digest == loaded_.digest) return false;
  loaded_ = std::move(read);
  return true;
}

SSL* TlsContext::NewConnection() const {
  std::lock_guard lock(mutex_);
  return SSL_new(loaded_.context.get());  // holds the context by itself
}

}  // namespace chat::net
