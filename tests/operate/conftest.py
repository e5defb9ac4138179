import pytest
import stores


@pytest.fixture(scope="session")
def tmp():
    return "."


@pytest.fixture(scope="session")
def filled(tmp):
    return stores.fill(tmp + "/filled")
