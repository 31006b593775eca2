#include "libs/courier/secret_code.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace chat::courier {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr int kRounds = 10'000;

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

[[noreturn]] void Die(const char* why) {
  std::fputs(why, stderr);
  std::abort();
}

std::string Random(size_t bytes) {
  std::string raw(bytes, '\0');
  if (RAND_bytes(Bytes(raw), static_cast<int>(bytes)) != 1) {
    Die("the system gives no random bytes\n");
  }
  return raw;
}

std::string Derived(std::string_view code, std::string_view salt) {
  std::string out(kHashBytes, '\0');
  if (PKCS5_PBKDF2_HMAC(code.data(), static_cast<int>(code.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()),
                        static_cast<int>(salt.size()), kRounds, EVP_sha256(), kHashBytes,
                        Bytes(out)) != 1) {
    Die("PBKDF2 is not available\n");
  }
  return out;
}

}  // namespace

std::string NewCode() {
  constexpr uint32_t kCodes = 1'000'000;
  constexpr uint32_t kFair = UINT32_MAX - UINT32_MAX % kCodes;  // beyond it low codes are likelier
  uint32_t value = 0;
  do {
    value = 0;
    for (unsigned char byte : Random(sizeof value)) value = value << 8 | byte;
  } while (value >= kFair);
  std::string digits = std::to_string(value % kCodes);
  return std::string(6 - digits.size(), '0') + digits;
}

std::string RandomHex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : Random(bytes)) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string HashedCode(std::string_view code) {
  const std::string salt = Random(kSaltBytes);
  return salt + Derived(code, salt);
}

bool IsCode(std::string_view code, std::string_view hashed) {
  if (hashed.size() != kSaltBytes + kHashBytes) return false;
  const std::string derived = Derived(code, hashed.substr(0, kSaltBytes));
  return CRYPTO_memcmp(derived.data(), hashed.data() + kSaltBytes, kHashBytes) == 0;
}

}  // namespace chat::courier
