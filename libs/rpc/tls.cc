#include "libs/rpc/tls.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::rpc {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

// After the chain: whether the peer is one of ours.
class BelongsToCluster : public grpc::experimental::ExternalCertificateVerifier {
 public:
  explicit BelongsToCluster(std::string name) : name_(std::move(name)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    std::vector<grpc::string_ref> names = request->dns_names();
    bool ours = std::any_of(names.begin(), names.end(), [this](const grpc::string_ref& name) {
      return std::string_view(name.data(), name.size()) == name_;
    });
    if (!ours) {
      log::Warn("a peer's certificate is not of this cluster", {{"wanted", name_}});
      *status = {grpc::StatusCode::UNAUTHENTICATED, "the certificate does not carry " + name_};
    }
    return true;
  }
  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string name_;
};

struct Credentials {
  std::shared_ptr<grpc::ServerCredentials> server = grpc::InsecureServerCredentials();
  std::shared_ptr<grpc::ChannelCredentials> channel = grpc::InsecureChannelCredentials();
};

Credentials& OfProcess() {
  static auto* const credentials = new Credentials;
  return *credentials;
}

using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

// The first certificate of a PEM file; null when there is none.
X509Ptr Leaf(const std::string& path) {
  std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), &BIO_free);
  if (file == nullptr) return {nullptr, &X509_free};
  return {PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), &X509_free};
}

// Seconds since 1970; 0 when the file holds no certificate.
double NotAfter(const std::string& path) {
  X509Ptr leaf = Leaf(path);
  tm end{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf.get()), &end) != 1) return 0;
  return static_cast<double>(timegm(&end));
}

absl::Status Wrong(const char* key, const std::string& path, const char* what) {
  return absl::InvalidArgumentError(
      View("key '" + std::string(key) + "': " + (path.empty() ? "" : path + ": ") + what));
}

absl::Status Check(const TlsFiles& files) {
  if (files.certificate.empty()) return Wrong("rpc_tls_cert", "", "is missing");
  if (files.key.empty()) return Wrong("rpc_tls_key", "", "is missing");
  if (files.authority.empty()) return Wrong("rpc_tls_ca", "", "is missing");
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_method()),
                                                            &SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return Wrong("rpc_tls_cert", files.certificate, "holds no certificate that can be read");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Wrong("rpc_tls_key", files.key, "holds no key, or not that of the certificate");
  }
  if (SSL_CTX_load_verify_locations(context.get(), files.authority.c_str(), nullptr) != 1) {
    return Wrong("rpc_tls_ca", files.authority, "holds no certificate that can be read");
  }
  X509Ptr leaf = Leaf(files.certificate);
  if (X509_check_host(leaf.get(), files.name.data(), files.name.size(),
                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS,
                      nullptr) != 1) {
    return Wrong("rpc_tls_name", files.certificate,
                 "does not carry this name, so no peer takes it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status UseTls(const TlsFiles& files) {
  CHAT_RETURN_IF_ERROR(Check(files));
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.key, files.certificate, files.authority, static_cast<unsigned>(files.reload_s));
  auto complete = [&](grpc::experimental::TlsCredentialsOptions& options) {
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    options.set_certificate_verifier(
        grpc::experimental::ExternalCertificateVerifier::Create<BelongsToCluster>(files.name));
  };
  grpc::experimental::TlsServerCredentialsOptions server(provider);
  complete(server);
  server.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  grpc::experimental::TlsChannelCredentialsOptions channel;
  channel.set_certificate_provider(provider);
  complete(channel);
  channel.set_verify_server_certs(true);
  channel.set_check_call_host(false);
  OfProcess() = {grpc::experimental::TlsServerCredentials(server),
                 grpc::experimental::TlsCredentials(channel)};
  metrics::Observe("chat_rpc_tls_not_after_timestamp_seconds",
                   "When the certificate for calls between processes ends, seconds since 1970.",
                   [path = files.certificate] { return NotAfter(path); });
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> ServerCredentials() { return OfProcess().server; }
std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials() { return OfProcess().channel; }

}  // namespace chat::rpc
