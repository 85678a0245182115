# CPack: the Debian packages rk (all tools, no LibTorch) and one for each backend; scripts/package
# calls it. packaging/finish makes of an installed tree what Debian wants of a package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rk)
set(CPACK_PACKAGE_VENDOR "")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
    GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_SOURCE_DIR}/packaging/finish.cmake")

get_property(backends GLOBAL PROPERTY rk_backends)
list(TRANSFORM backends PREPEND rk- OUTPUT_VARIABLE backend_packages)
if(RK_TOKENS_FOLDER)
  list(APPEND backend_packages rk-tokens)
endif()
set(CPACK_COMPONENTS_ALL rk ${backend_packages})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)

set(CPACK_DEBIAN_RK_PACKAGE_NAME rk)
set(CPACK_DEBIAN_RK_DESCRIPTION "${PROJECT_DESCRIPTION}
rk joins small programs by pipes: one reads a Kafka topic, one calls a model
on batches of records, one writes the results back. No record is lost,
whatever is killed. rk-run replicates, scales and supervises a whole line.
.
Models need a backend: rk-onnx for ONNX, rk-torch for TorchScript and
AOTInductor. Models of text need rk-tokens too.")
# The backends; kcat and python3 for the examples.
list(APPEND recommended ${backend_packages} kcat python3)
list(JOIN recommended ", " CPACK_DEBIAN_RK_PACKAGE_RECOMMENDS)

set(CPACK_DEBIAN_RK-TORCH_PACKAGE_NAME rk-torch)
set(CPACK_DEBIAN_RK-TORCH_PACKAGE_DEPENDS "rk (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_RK-TORCH_DESCRIPTION "PyTorch models for rk-infer
The backend with which rk-infer runs TorchScript (.pt) and AOTInductor (.pt2)
models on the CPU, and the LibTorch ${RK_TORCH_VERSION} that it needs.")
set(CPACK_DEBIAN_RK-ONNX_PACKAGE_NAME rk-onnx)
set(CPACK_DEBIAN_RK-ONNX_PACKAGE_DEPENDS "rk (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_RK-ONNX_DESCRIPTION "ONNX models for rk-infer
The backend with which rk-infer runs ONNX models (.onnx) on the CPU, and the
ONNX Runtime ${RK_ONNX_VERSION} that it needs.")
set(CPACK_DEBIAN_RK-TOKENS_PACKAGE_NAME rk-tokens)
set(CPACK_DEBIAN_RK-TOKENS_PACKAGE_DEPENDS "rk (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_RK-TOKENS_DESCRIPTION "tokenizers for rk-infer
The module with which rk-infer makes tokens of texts, by a model's
tokenizer.json: Hugging Face's tokenizers ${RK_TOKENS_VERSION}.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CMAKE_BINARY_DIR}/lib/rk" "${RK_TORCH_LIBRARY_DIR}"
    "${CMAKE_BINARY_DIR}/onnxruntime")
include(CPack)
