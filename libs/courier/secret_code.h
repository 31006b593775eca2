// Codes that prove who reads a phone or a mailbox, and random names. Thread safe. The process ends
// when the system has no randomness.
#pragma once

#include <string>
#include <string_view>

namespace chat::courier {

// Six decimal digits, all equally likely (PROTOCOL 5.1).
std::string NewCode();

// Lower-case hex of `bytes` random bytes.
std::string RandomHex(size_t bytes);

// A code as it is stored: salt and PBKDF2-HMAC-SHA-256 of it, so that a reader of the table cannot
// simply try a million codes of everybody at once. Raw bytes.
std::string HashedCode(std::string_view code);

// Takes as long for a wrong code as for the right one. False for what HashedCode never made.
bool IsCode(std::string_view code, std::string_view hashed);

}  // namespace chat::courier
