#include "libs/net/tls_testing.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace chat::net::testing_support {

namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

Key NewKey() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

template <typename Print>
std::string Pem(Print print) {
  BIO* bio = BIO_new(BIO_s_mem());
  print(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string PemOf(const Key& key) {
  return Pem([&](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string PemOf(const Certificate& certificate) {
  return Pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate.get()); });
}

Certificate Sign(const std::string& name, const Key& key, const Certificate& issuer,
                 const Key& issuer_key) {
  Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  static long serial = 1;
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), issuer ? X509_get_subject_name(issuer.get()) : subject);
  X509_set_pubkey(made.get(), key.get());
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                                  issuer ? "CA:FALSE" : "critical,CA:TRUE");
  X509_add_ext(made.get(), extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(made.get(), issuer_key.get(), EVP_sha256());
  return made;
}

}  // namespace

struct Authority::Keys {
  Key key;
  Certificate certificate;
};

Authority::Authority() : keys_(std::make_unique<Keys>()) {
  keys_->key = NewKey();
  keys_->certificate = Sign("authority", keys_->key, nullptr, keys_->key);
  certificate_ = PemOf(keys_->certificate);
}

Authority::~Authority() = default;

Authority::Issued Authority::Issue(const std::string& name) const {
  const Key key = NewKey();
  return {PemOf(Sign(name, key, keys_->certificate, keys_->key)), PemOf(key)};
}

TlsClient::TlsClient(int port, const TlsClientOptions& options)
    : socket_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
  if (options.version != 0) {
    SSL_CTX_set_min_proto_version(context_.get(), options.version);
    SSL_CTX_set_max_proto_version(context_.get(), options.version);
  }
  ssl_ = SSL_new(context_.get());
  if (!options.certificate.key.empty()) {
    BIO* bio = BIO_new_mem_buf(options.certificate.certificate.data(), -1);
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    SSL_use_certificate(ssl_, certificate);
    X509_free(certificate);
    BIO_free(bio);
    bio = BIO_new_mem_buf(options.certificate.key.data(), -1);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    SSL_use_PrivateKey(ssl_, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
  }
  SSL_set_fd(ssl_, socket_.native());
  open_ = SSL_connect(ssl_) == 1;
}

TlsClient::~TlsClient() { SSL_free(ssl_); }

bool TlsClient::Send(std::string_view bytes) {
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

std::string TlsClient::Receive(size_t size) {
  std::string out;
  char buffer[16384];
  while (out.size() < size) {
    const int got =
        SSL_read(ssl_, buffer, static_cast<int>(std::min(sizeof buffer, size - out.size())));
    if (got <= 0) return "";
    out.append(buffer, static_cast<size_t>(got));
  }
  return out;
}

bool TlsClient::AwaitCloseNotify() {
  char more;
  const int got = SSL_read(ssl_, &more, 1);
  return SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN;
}

std::string TlsClient::version() const { return SSL_get_version(ssl_); }

std::string TlsClient::server_name() const {
  std::shared_ptr<X509> certificate(SSL_get1_peer_certificate(ssl_), X509_free);
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                            sizeof name);
  return name;
}

}  // namespace chat::net::testing_support
