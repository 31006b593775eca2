#include "services/auth/secrets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace chat::auth {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Base64Url(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), Bytes(bytes),
                             static_cast<int>(bytes.size()));
  out.resize(size);
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return out;
}

}  // namespace

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string Sha256(std::string_view text) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Bytes(text), text.size(), reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string SignedJwt(std::string_view key, const JwtClaims& claims) {
  nlohmann::json payload = {{"sub", claims.phone},
                            {"cid", claims.client_id},
                            {"exp", claims.expires_s},
                            {"jti", claims.id}};
  std::string text =
      Base64Url(R"({"alg":"HS256","typ":"JWT"})") + "." +
      Base64Url(payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::string mac(SHA256_DIGEST_LENGTH, '\0');
  unsigned int size = SHA256_DIGEST_LENGTH;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(),
           reinterpret_cast<unsigned char*>(mac.data()), &size) == nullptr) {
    std::fputs("HMAC-SHA-256 is not available\n", stderr);
    std::abort();
  }
  return text + "." + Base64Url(mac);
}

}  // namespace chat::auth
