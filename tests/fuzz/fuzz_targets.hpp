/// @file
/// Entry points for fuzzing: each takes any bytes and ends the program when a promise is broken.
/// The test suite drives them with mutated samples (tests/http/core/fuzz_test.cpp). For libFuzzer,
/// compile one source with -DSYNAPSE_LIBFUZZER -fsanitize=fuzzer,address and the component's
/// sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace synapse::fuzz {

int try_anthropic(const std::uint8_t* data, std::size_t size);
int try_path_form(const std::uint8_t* data, std::size_t size);
int try_request_head(const std::uint8_t* data, std::size_t size);
int try_response_head(const std::uint8_t* data, std::size_t size);
int try_chat_edit(const std::uint8_t* data, std::size_t size);
int try_chunked_body(const std::uint8_t* data, std::size_t size);
int try_event_stream(const std::uint8_t* data, std::size_t size);
int try_json_body(const std::uint8_t* data, std::size_t size);
int try_multipart(const std::uint8_t* data, std::size_t size);
int try_wav_header(const std::uint8_t* data, std::size_t size);

/// A promise that must hold in every build, NDEBUG or not.
#define SYNAPSE_FUZZ_CHECK(condition)                                                              \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);         \
      std::abort();                                                                                \
    }                                                                                              \
  } while (false)

#ifdef SYNAPSE_LIBFUZZER
#define SYNAPSE_FUZZ_ENTRY(target)                                                                 \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {              \
    return synapse::fuzz::target(data, size);                                                      \
  }
#else
#define SYNAPSE_FUZZ_ENTRY(target)
#endif

} // namespace synapse::fuzz
