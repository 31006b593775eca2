// For tests: an authority in a folder of its own that issues certificates as PEM files.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "libs/rpc/tls.h"

namespace chat::rpc {

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();  // removes the folder

  // Writes NAME.crt and NAME.key, over what was there: a certificate with `dns` as its name that is
  // good from now on for `life_s` seconds.
  TlsFiles Issue(const std::string& name, const std::string& dns = "chat", long life_s = 3600);
  std::string Path(const std::string& file) const { return folder_ + "/" + file; }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  Certificate Make(EVP_PKEY* key, const std::string& dns, long life_s);

  std::string folder_;
  Key key_;
  long serial_ = 0;
  Certificate certificate_;
};

// The flags of a process that uses these files.
std::vector<std::string> TlsFlags(const TlsFiles& files);

}  // namespace chat::rpc
