#include "libs/bert/encode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "libs/base/utf8.h"
#include "libs/bert/limits.h"
#include "libs/bert/tags.h"

namespace chat::bert {
namespace {

// Appends the tag and `value` as `kBytes` bytes, big endian.
template <size_t kBytes>
void AppendTagged(Tag tag, uint64_t value, std::string& out) {
  char bytes[1 + kBytes];
  bytes[0] = static_cast<char>(tag);
  for (size_t i = 0; i < kBytes; ++i) {
    bytes[1 + i] = static_cast<char>(value >> 8 * (kBytes - 1 - i));
  }
  out.append(bytes, sizeof(bytes));
}

void AppendMagnitude(bool negative, uint64_t magnitude, std::string& out) {
  char bytes[8];
  size_t size = 0;
  for (; magnitude != 0; magnitude >>= 8) bytes[size++] = static_cast<char>(magnitude);
  AppendTagged<1>(Tag::kSmallBig, size, out);
  out.push_back(negative ? '\1' : '\0');
  out.append(bytes, size);
}

// The Latin-1 form, if every character is at most U+00FF.
bool ToLatin1(std::string_view text, std::string& latin1) {
  for (size_t position = 0; position < text.size();) {
    const auto character = NextCharacter(text, position);
    if (!character || *character > 0xff) return false;
    latin1.push_back(static_cast<char>(*character));
  }
  return true;
}

void AppendTerms(const std::vector<Term>& terms, std::string& out) {
  for (const Term& term : terms) AppendTerm(term, out);
}

bool AreBytes(std::span<const int64_t> values) {
  return std::all_of(values.begin(), values.end(),
                     [](int64_t value) { return value >= 0 && value <= 255; });
}

}  // namespace

std::string Encode(const Term& term) {
  std::string out;
  AppendVersion(out);
  AppendTerm(term, out);
  return out;
}

void AppendTerm(const Term& term, std::string& out) {
  switch (term.kind()) {
    case Term::Kind::kNil:
      return AppendNil(out);
    case Term::Kind::kInteger:
      return AppendInteger(*term.AsInteger(), out);
    case Term::Kind::kFloat:
      return AppendTagged<8>(Tag::kNewFloat, std::bit_cast<uint64_t>(*term.AsFloat()), out);
    case Term::Kind::kBigInteger: {
      const auto big = *term.AsBigInteger();
      return AppendBigInteger(big.negative, big.magnitude, out);
    }
    case Term::Kind::kAtom:
      // A term holds valid atoms only, so this always appends.
      (void)AppendAtom(*term.AsAtom(), out);
      return;
    case Term::Kind::kBinary:
      return AppendBinary(*term.AsBinary(), out);
    case Term::Kind::kByteList:
      return AppendByteList(*term.AsByteList(), out);
    case Term::Kind::kTuple:
      AppendTupleHeader(term.AsTuple()->size(), out);
      return AppendTerms(*term.AsTuple(), out);
    case Term::Kind::kList:
      AppendListHeader(term.AsList()->size(), out);
      AppendTerms(*term.AsList(), out);
      return AppendNil(out);
    case Term::Kind::kImproperList:
      AppendListHeader(term.AsImproperList()->size() - 1, out);
      return AppendTerms(*term.AsImproperList(), out);
    case Term::Kind::kMap:
      AppendMapHeader(term.AsMap()->size(), out);
      for (const auto& [key, value] : *term.AsMap()) {
        AppendTerm(key, out);
        AppendTerm(value, out);
      }
      return;
  }
}

void AppendVersion(std::string& out) { out.push_back(static_cast<char>(kVersion)); }

void AppendInteger(int64_t value, std::string& out) {
  if (value >= 0 && value <= 255) return AppendTagged<1>(Tag::kSmallInteger, value, out);
  if (value == static_cast<int32_t>(value)) {
    return AppendTagged<4>(Tag::kInteger, static_cast<uint64_t>(value), out);
  }
  const auto bits = static_cast<uint64_t>(value);
  AppendMagnitude(value < 0, value < 0 ? 0 - bits : bits, out);
}

void AppendUnsigned(uint64_t value, std::string& out) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return AppendInteger(static_cast<int64_t>(value), out);
  }
  AppendMagnitude(false, value, out);
}

void AppendBigInteger(bool negative, std::string_view magnitude, std::string& out) {
  while (!magnitude.empty() && magnitude.back() == '\0') magnitude.remove_suffix(1);
  if (magnitude.size() <= 8) {
    const Term small = Term::BigInteger(negative, magnitude);
    if (const auto value = small.AsInteger()) return AppendInteger(*value, out);
  }
  if (magnitude.size() <= 255) {
    AppendTagged<1>(Tag::kSmallBig, magnitude.size(), out);
  } else {
    AppendTagged<4>(Tag::kLargeBig, magnitude.size(), out);
  }
  out.push_back(negative ? '\1' : '\0');
  out.append(magnitude);
}

bool AppendFloat(double value, std::string& out) {
  if (!std::isfinite(value)) return false;
  AppendTagged<8>(Tag::kNewFloat, std::bit_cast<uint64_t>(value), out);
  return true;
}

bool AppendAtom(std::string_view name, std::string& out) {
  if (name.size() <= kMaxAtomCharacters && IsAscii(name)) {
    AppendTagged<2>(Tag::kAtom, name.size(), out);
    out.append(name);
    return true;
  }
  if (!Term::ValidAtom(name)) return false;
  std::string latin1;
  if (ToLatin1(name, latin1)) {
    AppendTagged<2>(Tag::kAtom, latin1.size(), out);
    out.append(latin1);
    return true;
  }
  if (name.size() <= 255) {
    AppendTagged<1>(Tag::kSmallAtomUtf8, name.size(), out);
  } else {
    AppendTagged<2>(Tag::kAtomUtf8, name.size(), out);
  }
  out.append(name);
  return true;
}

void AppendBinary(std::string_view bytes, std::string& out) {
  AppendTagged<4>(Tag::kBinary, bytes.size(), out);
  out.append(bytes);
}

void AppendNil(std::string& out) { out.push_back(static_cast<char>(Tag::kNil)); }

void AppendTupleHeader(size_t arity, std::string& out) {
  if (arity <= 255) return AppendTagged<1>(Tag::kSmallTuple, arity, out);
  AppendTagged<4>(Tag::kLargeTuple, arity, out);
}

void AppendMapHeader(size_t pairs, std::string& out) { AppendTagged<4>(Tag::kMap, pairs, out); }

void AppendListHeader(size_t count, std::string& out) { AppendTagged<4>(Tag::kList, count, out); }

void AppendByteList(std::string_view bytes, std::string& out) {
  if (bytes.empty()) return AppendNil(out);
  if (bytes.size() <= 65535) {
    AppendTagged<2>(Tag::kString, bytes.size(), out);
    out.append(bytes);
    return;
  }
  AppendListHeader(bytes.size(), out);
  for (const char byte : bytes) AppendInteger(static_cast<unsigned char>(byte), out);
  AppendNil(out);
}

void AppendIntegerList(std::span<const int64_t> values, std::string& out) {
  if (AreBytes(values)) return AppendByteList(std::string(values.begin(), values.end()), out);
  AppendListHeader(values.size(), out);
  for (const int64_t value : values) AppendInteger(value, out);
  AppendNil(out);
}

}  // namespace chat::bert
