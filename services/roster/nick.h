// The format of a nick and when two of them are the same (PROTOCOL 5.4.4). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat::roster {

// The nick after Unicode simple case folding, which is what must be unique; nullopt unless it is
// UTF-8 of 2 to 32 characters, each a letter, a digit, `_`, `.` or `-`. Letters and digits are what
// the C library's C.UTF-8 locale calls alphanumeric (vowel signs of Indic scripts included); two
// characters fold alike when their upper case has the same lower case. Thread safe.
std::optional<std::string> FoldNick(std::string_view nick);

}  // namespace chat::roster
