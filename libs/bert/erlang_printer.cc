#include <charconv>
#include <string>

#include "libs/base/utf8.h"
#include "libs/bert/decimal.h"
#include "libs/bert/erlang_atoms.h"
#include "libs/bert/float_text.h"
#include "libs/bert/text.h"

namespace chat::bert {
namespace {

void PrintTerm(const Term& term, std::string& out);

void PrintInteger(int64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

// A character inside `quote`s; control characters the way Erlang escapes them.
void PrintQuotedCharacter(char32_t character, char quote, std::string& out) {
  constexpr std::string_view kControls = "\b\t\n\v\f\r\x1b\x7f";
  constexpr std::string_view kLetters = "btnvfred";
  if (character == static_cast<char32_t>(quote) || character == '\\') {
    out += '\\';
    out += static_cast<char>(character);
    return;
  }
  if (character >= 0xa0 || (character >= 0x20 && character < 0x7f))
    return AppendCharacter(character, out);
  const size_t index =
      character < 0x80 ? kControls.find(static_cast<char>(character)) : kControls.npos;
  out += '\\';
  if (index != kControls.npos) {
    out += kLetters[index];
    return;
  }
  for (int shift = 6; shift >= 0; shift -= 3)
    out += static_cast<char>('0' + (character >> shift & 7));
}

void PrintQuoted(std::string_view text, char quote, std::string& out) {
  out += quote;
  for (size_t position = 0; position < text.size();) {
    const auto character = NextCharacter(text, position);
    if (!character) break;
    PrintQuotedCharacter(*character, quote, out);
  }
  out += quote;
}

bool IsBareAtom(std::string_view name) {
  if (name.empty() || IsReservedWord(name)) return false;
  bool first = true;
  for (size_t position = 0; position < name.size(); first = false) {
    const auto character = NextCharacter(name, position);
    if (!character) return false;
    if (first ? !StartsAtom(*character) : !ContinuesAtom(*character)) return false;
  }
  return true;
}

void PrintAtom(std::string_view name, std::string& out) {
  if (IsBareAtom(name)) {
    out += name;
  } else {
    PrintQuoted(name, '\'', out);
  }
}

bool IsReadable(std::string_view bytes) {
  for (size_t position = 0; position < bytes.size();) {
    const auto character = NextCharacter(bytes, position);
    if (!character) return false;
    const bool control = *character < 0x20 || (*character >= 0x7f && *character < 0xa0);
    if (control && *character != '\n' && *character != '\r' && *character != '\t') return false;
  }
  return true;
}

void PrintByteNumbers(std::string_view bytes, std::string& out) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out += ',';
    PrintInteger(static_cast<unsigned char>(bytes[i]), out);
  }
}

void PrintBinary(std::string_view bytes, std::string& out) {
  out += "<<";
  if (!bytes.empty() && IsReadable(bytes)) {
    PrintQuoted(bytes, '"', out);
    if (!IsAscii(bytes)) out += "/utf8";
  } else {
    PrintByteNumbers(bytes, out);
  }
  out += ">>";
}

void PrintTerms(const Term* terms, size_t count, std::string& out) {
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    PrintTerm(terms[i], out);
  }
}

void PrintImproperList(const std::vector<Term>& cells, std::string& out) {
  out += '[';
  PrintTerms(cells.data(), cells.size() - 1, out);
  out += '|';
  PrintTerm(cells.back(), out);
  out += ']';
}

void PrintMap(const std::vector<MapEntry>& entries, std::string& out) {
  out += "#{";
  for (const MapEntry& entry : entries) {
    if (&entry != &entries.front()) out += ',';
    PrintTerm(entry.key, out);
    out += " => ";
    PrintTerm(entry.value, out);
  }
  out += '}';
}

void PrintTerm(const Term& term, std::string& out) {
  switch (term.kind()) {
    case Term::Kind::kNil:
      out += "[]";
      return;
    case Term::Kind::kInteger:
      return PrintInteger(*term.AsInteger(), out);
    case Term::Kind::kFloat:
      out += PrintFloat(*term.AsFloat());
      return;
    case Term::Kind::kBigInteger:
      if (term.AsBigInteger()->negative) out += '-';
      out += MagnitudeToDecimal(term.AsBigInteger()->magnitude);
      return;
    case Term::Kind::kAtom:
      return PrintAtom(*term.AsAtom(), out);
    case Term::Kind::kBinary:
      return PrintBinary(*term.AsBinary(), out);
    case Term::Kind::kByteList:
      out += '[';
      PrintByteNumbers(*term.AsByteList(), out);
      out += ']';
      return;
    case Term::Kind::kTuple:
      out += '{';
      PrintTerms(term.AsTuple()->data(), term.AsTuple()->size(), out);
      out += '}';
      return;
    case Term::Kind::kList:
      out += '[';
      PrintTerms(term.AsList()->data(), term.AsList()->size(), out);
      out += ']';
      return;
    case Term::Kind::kImproperList:
      return PrintImproperList(*term.AsImproperList(), out);
    case Term::Kind::kMap:
      return PrintMap(*term.AsMap(), out);
  }
}

}  // namespace

std::string ToErlangText(const Term& term) {
  std::string out;
  PrintTerm(term, out);
  return out;
}

}  // namespace chat::bert
