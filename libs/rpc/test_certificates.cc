#include "libs/rpc/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>

namespace chat::rpc {
namespace {

// Whole or not at all, as whoever renews certificates does it.
template <typename Write>
void Replace(const std::string& path, const Write& write) {
  std::string fresh = path + ".new";
  FILE* file = std::fopen(fresh.c_str(), "w");
  if (file == nullptr) std::abort();
  if (write(file) != 1) std::abort();
  std::fclose(file);
  std::filesystem::rename(fresh, path);
}

void Extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TestAuthority::TestAuthority()
    : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(nullptr, &X509_free) {
  std::string pattern = std::filesystem::temp_directory_path() / "chat-authority-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  folder_ = pattern;
  certificate_ = Make(key_.get(), "", 3600);
  Replace(Path("ca.crt"), [&](FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

TestAuthority::~TestAuthority() { std::filesystem::remove_all(folder_); }

TestAuthority::Certificate TestAuthority::Make(EVP_PKEY* key, const std::string& dns, long life_s) {
  Certificate made(X509_new(), &X509_free);
  X509* issuer = certificate_ == nullptr ? made.get() : certificate_.get();
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), life_s);
  X509_set_pubkey(made.get(), key);
  std::string name = dns.empty() ? "authority " + folder_ : dns;
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  if (dns.empty()) {
    Extend(made.get(), issuer, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    Extend(made.get(), issuer, NID_subject_alt_name, "DNS:" + dns);
  }
  if (X509_sign(made.get(), key_.get(), EVP_sha256()) == 0) std::abort();
  return made;
}

TlsFiles TestAuthority::Issue(const std::string& name, const std::string& dns, long life_s) {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Certificate made = Make(key.get(), dns, life_s);
  TlsFiles files{Path(name + ".crt"), Path(name + ".key"), Path("ca.crt"), "chat", 1};
  Replace(files.key, [&](FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  Replace(files.certificate, [&](FILE* file) { return PEM_write_X509(file, made.get()); });
  return files;
}

std::vector<std::string> TlsFlags(const TlsFiles& files) {
  return {"--rpc_tls_cert=" + files.certificate, "--rpc_tls_key=" + files.key,
          "--rpc_tls_ca=" + files.authority, "--rpc_tls_name=" + files.name,
          "--rpc_tls_reload_s=" + std::to_string(files.reload_s)};
}

}  // namespace chat::rpc
