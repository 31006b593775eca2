// E-mail addresses (RFC 5321, 4.1.2) as far as they are served: unquoted ASCII, a domain name.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace chat::courier {

bool IsMailAddress(std::string_view text);

// The form in which addresses are compared: all of it in lower case, as every large provider does.
std::string FoldedAddress(std::string_view address);

}  // namespace chat::courier
