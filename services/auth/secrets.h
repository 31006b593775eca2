// Random secrets and their hashes (PROTOCOL 6: a token is at least 128 bits of randomness and only
// its hash is stored). Thread safe. The process ends when the system has no randomness.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/courier/secret_code.h"

namespace chat::auth {

constexpr size_t kTokenBytes = 32;

// A session or anonymous token: 64 hex characters.
inline std::string NewToken() { return courier::RandomHex(kTokenBytes); }

// 32 raw bytes.
std::string Sha256(std::string_view text);
std::string Hex(std::string_view bytes);

// Takes as long for the first wrong byte as for the last. Texts of other lengths are different.
bool SameSecret(std::string_view a, std::string_view b);

struct JwtClaims {
  std::string phone;      // sub
  std::string client_id;  // cid
  int64_t expires_s = 0;  // exp
  std::string id;         // jti: no two are equal
};
// Compact JWS, HMAC-SHA-256 (PROTOCOL 5.1.1, RFC 7515).
std::string SignedJwt(std::string_view key, const JwtClaims& claims);

}  // namespace chat::auth
