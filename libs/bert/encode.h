#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libs/bert/term.h"

namespace chat::bert {

// Canonical output, byte exact (CHAT 2.2): what `term_to_binary(T, [{minor_version, 1}])` of OTP 25
// gives.
//
// Everything appends to `out` and never clears it. Lengths and counts are below 2^32. Functions
// without a result cannot fail.

// The payload of a message: version byte and term.
std::string Encode(const Term& term);

// One term without the version byte. Recurses once per level of nesting.
void AppendTerm(const Term& term, std::string& out);

// The parts, for translators that write a payload without building terms. A payload is
// AppendVersion and one term; a header is followed by that many terms, a list header besides by
// AppendNil (or the tail, if improper).

void AppendVersion(std::string& out);
void AppendInteger(int64_t value, std::string& out);
void AppendUnsigned(uint64_t value, std::string& out);
// Any little-endian magnitude, also with leading zero bytes.
void AppendBigInteger(bool negative, std::string_view magnitude, std::string& out);

// False, and nothing appended, for infinities and NaN.
[[nodiscard]] bool AppendFloat(double value, std::string& out);

// `name` is UTF-8. False, and nothing appended, unless Term::ValidAtom(name).
[[nodiscard]] bool AppendAtom(std::string_view name, std::string& out);

void AppendBinary(std::string_view bytes, std::string& out);
void AppendNil(std::string& out);
void AppendTupleHeader(size_t arity, std::string& out);
// Pairs follow, key before value, keys distinct and in the order of Compare().
void AppendMapHeader(size_t pairs, std::string& out);

// For lists with at least one element that is not an integer 0..255. An empty list is AppendNil; a
// list of integers is AppendIntegerList or AppendByteList, because canonical lists of bytes have a
// form of their own.
void AppendListHeader(size_t count, std::string& out);
// The complete list of these bytes as integers, also when empty.
void AppendByteList(std::string_view bytes, std::string& out);
// The complete list, also when empty.
void AppendIntegerList(std::span<const int64_t> values, std::string& out);

}  // namespace chat::bert
