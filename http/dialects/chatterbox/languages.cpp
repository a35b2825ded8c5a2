#include "http/dialects/chatterbox/languages.hpp"

namespace synapse::http::chatterbox {
namespace {

constexpr language spoken[] = {
    {"en", "English"},  {"de", "German"},  {"es", "Spanish"},    {"fr", "French"},
    {"hi", "Hindi"},    {"it", "Italian"}, {"ja", "Japanese"},   {"ko", "Korean"},
    {"nl", "Dutch"},    {"pl", "Polish"},  {"pt", "Portuguese"}, {"ru", "Russian"},
    {"tr", "Turkish"},  {"zh", "Chinese"}, {"ar", "Arabic"},     {"cs", "Czech"},
    {"da", "Danish"},   {"fi", "Finnish"}, {"hu", "Hungarian"},  {"nb", "Norwegian"},
    {"ro", "Romanian"}, {"sv", "Swedish"}, {"uk", "Ukrainian"},
};

} // namespace

std::span<const language> languages() noexcept {
  return spoken;
}

} // namespace synapse::http::chatterbox
